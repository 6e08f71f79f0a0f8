import type { Connection } from "@aura-platform/client/connection.ts";
import { DEFAULT_URL } from "./connection.ts";

/** How this command line is called. */
export const CALL = "npm run --silent aura --";

/**
 * Whether an address is the Gateway's. Decisions are Main Service's, which only the Gateway leads to
 * (docs/contract.md, section 4); Aura-Platform has no such route.
 */
export function isGateway(url: string): boolean {
  return new URL(url).pathname.endsWith("/api");
}

/**
 * How a person decides later, or elsewhere: lines that can be pasted into a shell whose AURA_TOKEN is set.
 */
export function howToDecide({ url }: Connection, requestId: string): string[] {
  const gateway = isGateway(url) ? url : DEFAULT_URL;
  const at = gateway === DEFAULT_URL ? "" : ` --url ${quoted(gateway)}`;
  return [
    `approve: ${CALL} approve ${requestId}${at}`,
    `reject:  ${CALL} reject ${requestId} --reason '...'${at}`,
    `edit:    ${CALL} edit ${requestId}${at}`,
  ];
}

/** What to do with a run that waits. */
export function howToGoOn(runId: string, threadId: string): string {
  return `the run waits (${CALL} run ${runId}); when it is decided: ${CALL} replay ${threadId} --run ${runId} --speed 0`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
