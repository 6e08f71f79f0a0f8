import type { Logger } from "pino";
import type { Agent } from "../ports/agent-graph.ts";
import type { Backend } from "../ports/backend.ts";
import type { RunLimits } from "./limits.ts";
import type { Presence } from "./presence.ts";

/** What bringing runs and threads to an end needs. */
export interface WindUpDeps {
  backend: Pick<
    Backend,
    | "eventLog"
    | "archive"
    | "threads"
    | "approvals"
    | "ledger"
    | "leases"
    | "control"
    | "queue"
    | "ping"
    | "touch"
    | "isOutage"
  >;
  agent: Agent;
  logger: Logger;
  /** This process, as the runs that it works on know it. */
  presence: Presence;
  /** The lease under which the work is done; none where a request only changes a record. */
  leaseHolder?: string;
  /** Told that something about a run has changed that others may want to know; must return at once. */
  onChange?: (runId: string) => void;
  /** Unix ms. */
  now: () => number;
}

/** What working on runs needs. */
export interface RunDeps extends WindUpDeps {
  /** How long an approval waits for a decision, in ms. */
  approvalTtlMs: number;
  limits: RunLimits;
}
