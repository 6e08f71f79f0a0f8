import type { Logger } from "pino";
import type { Backend } from "../ports/backend.ts";
import type { Agent } from "./agent-graph.ts";

/** What working on runs needs. */
export interface RunDeps {
  backend: Pick<
    Backend,
    "eventLog" | "threads" | "approvals" | "leases" | "control" | "queue" | "ping" | "touch" | "isOutage"
  >;
  agent: Agent;
  logger: Logger;
  /** Unix ms. */
  now: () => number;
  /** How long an approval waits for a decision, in ms. */
  approvalTtlMs: number;
  /** The lease under which the work is done; none where a request only changes a record. */
  leaseHolder?: string;
}
