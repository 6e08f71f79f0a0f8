import { type Connection, DEFAULT_URL } from "./connection.ts";

/**
 * How a person decides: at Main Service, which only the Gateway leads to (contract, section 4). The lines can be pasted into
 * a shell whose AURA_TOKEN is set.
 */
export function howToDecide(connection: Connection, requestId: string): string[] {
  const gateway = new URL(connection.url).pathname.endsWith("/api") ? connection.url : DEFAULT_URL;
  const curl = (decision: string, body: object) =>
    [
      `curl -X POST ${quoted(`${gateway}/aura/hitl/${decision}/${requestId}`)}`,
      `-H "Authorization: Bearer $AURA_TOKEN"`,
      `-H ${quoted(`X-Tenant-ID: ${connection.tenantId}`)} -H ${quoted(`X-User-ID: ${connection.userId}`)}`,
      `-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`,
    ].join(" ");
  const { userId } = connection;
  return [`approve: ${curl("approve", { userId })}`, `reject:  ${curl("reject", { userId, reason: "..." })}`];
}

/** What to do with a run that waits. */
export function howToGoOn(runId: string, threadId: string): string {
  const command = "npm run --silent aura --";
  return `the run waits (${command} run ${runId}); when it is decided: ${command} replay ${threadId} --run ${runId} --speed 0`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
