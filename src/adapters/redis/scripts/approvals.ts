import { z } from "zod";
import { hashFields } from "../record-format.ts";
import { defineScript } from "../script.ts";

const done = z.literal([0, 1]);

/** The keys of an approval that is opened. */
const OPENED_KEYS = ["approval", "unfinished", "approvals", "pendingOf", "request", "session"] as const;
/** What is known of it. */
const OPENED = [
  ...(["requestId", "threadId", "record", "requestJson"] as const),
  ...(["requestTtlMs", "sessionTtlMs", "runId", "member"] as const),
] as const;
/** What hitl:request must be, held and becomes. */
const REQUEST = ["requestIs", "requestBefore", "requestAfter"] as const;

/** Per approval 0 when it existed. */
export const openApprovals = defineScript(
  "open",
  ["pending", { approvals: OPENED_KEYS }],
  [{ approvals: OPENED }],
  z.array(done),
);

/** Per approval its id, record, status and decision. */
export const readUnfinished = defineScript(
  "unfinished",
  ["unfinished"],
  ["approvalPrefix"],
  z.array(z.tuple([z.string(), hashFields])),
);

/**
 * 1 when it was settled now, 0 when it was before, -1 when hitl:request is not as read, -2 when there is no
 * such approval, -3 when it lacks fields; then its record, status and decision.
 */
export const settleApproval = defineScript(
  "settle",
  ["approval", "request", "pending", "due", "settled"],
  ["status", "decision", "decidedAt", ...REQUEST, "settledId"],
  z.tuple([z.literal([1, 0, -1, -2, -3]), hashFields]),
);

/** 0 when something was not as read, -1 when a record lacks fields. */
export const supersedeApprovals = defineScript(
  "supersede",
  ["unfinished", "pending", "settled", { approvals: ["approval", "request"] }],
  ["decision", "decidedAt", "unfinishedCount", "...unfinished", { approvals: ["requestId", ...REQUEST] }],
  z.literal([0, 1, -1]),
);

/** 0 when something was not as read, -1 when the record lacks fields. */
export const replaceApproval = defineScript(
  "replace",
  ["replaced", "replacedRequest", "pending", "due", "settled", ...OPENED_KEYS],
  ["replacedId", "decision", "decidedAt", ...REQUEST, ...OPENED],
  z.literal([0, 1, -1]),
);

/** 0 when something was not as read. */
export const restateApproval = defineScript(
  "restate",
  ["approval", "request"],
  ["status", "requestBefore", "requestAfter", "decision"],
  done,
);

/** 0 when hitl:request is not as read. */
export const linkTask = defineScript(
  "link-task",
  ["request", "task", "approval"],
  ["requestBefore", "requestAfter", "requestId", "taskTtlS"],
  done,
);

export const finishApprovals = defineScript("finish", ["unfinished"], ["...ids"], z.literal(0));

/** Per approval its name among the pending ones, and the fields that were asked for. */
export const readPending = defineScript(
  "pending",
  ["pending"],
  ["from", "limit", "approvalPrefix", "...fields"],
  z.array(z.tuple([z.string().regex(/^\d{16}:/), hashFields])),
);

/** The approvals' ids. */
export const takeWatched = defineScript("watched", ["settled"], ["limit", "before"], z.array(z.string()));
