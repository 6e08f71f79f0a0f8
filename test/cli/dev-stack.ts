import { afterAll, beforeAll } from "vitest";
import { type Stack, startStack } from "../helpers/stack.ts";
import { tokenOf } from "./cli.ts";

/**
 * The whole system for the tests of the file or `describe` in which this is called. `setUp` is given it, and the
 * settings with which the command line finds it.
 */
export function onDevStack(setUp: (stack: Stack, env: NodeJS.ProcessEnv) => void): void {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await startStack({ backend: "embedded" });
    setUp(stack, { AURA_URL: `${stack.url}/api`, AURA_TOKEN: await tokenOf() });
  });
  afterAll(() => stack?.close());
}
