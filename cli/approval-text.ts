import type { PendingApproval } from "@aura-platform/client/shapes.ts";
import { approvalCard } from "./draw.ts";
import { howToDecide } from "./how-to-decide.ts";
import type { Session } from "./session.ts";
import { timeOf } from "./table.ts";

/** An approval that waits: its card, where it comes from, and how to decide it. */
export function approvalText({ out, connection }: Session, approval: PendingApproval): string {
  return [
    ...approvalCard(approval, out, connection.language),
    `thread ${approval.sessionId}  run ${approval.runId}  until ${timeOf(approval.expiresAt)}`,
    ...howToDecide(connection, approval.requestId).map((line) => out.style("dim", line)),
  ].join("\n");
}
