import type { WireEvent } from "@aura-platform/contract/events.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import { eachEvent } from "./each-event.ts";

/**
 * Which of a run's approvals have no hitl event in its log: their worker was gone before it could send them.
 *
 * @param lastSeq the log's last seq: the end of the log is read first, where a suspended run has its hitl
 *   events
 */
export async function unannounced(
  log: Pick<EventLog, "read">,
  runId: string,
  lastSeq: number,
  approvals: readonly ApprovalRecord[],
): Promise<ApprovalRecord[]> {
  let missing = [...approvals];
  for (const after of [Math.max(0, lastSeq - approvals.length), 0]) {
    if (missing.length === 0) return missing;
    const announced = new Set<string>();
    const note = (event: WireEvent) => {
      if (event.type === "hitl") announced.add(event.data.requestId);
    };
    await eachEvent(log, runId, note, after);
    missing = missing.filter(({ requestId }) => !announced.has(requestId));
  }
  return missing;
}
