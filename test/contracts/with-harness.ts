import { afterAll, beforeAll } from "vitest";
import type { Harness, MakeHarness } from "./harness.ts";

/** A harness for the tests of the `describe` in which this is called: `setUp` is given it before the first of them. */
export function withHarness(makeHarness: MakeHarness, setUp: (harness: Harness) => void): void {
  let harness: Harness | undefined;
  beforeAll(async () => {
    harness = await makeHarness();
    setUp(harness);
  });
  afterAll(() => harness?.close());
}
