import { runStatus } from "@aura-platform/contract/run-status.ts";
import { z } from "zod";
import { hashFields } from "../record-format.ts";
import { defineScript } from "../script.ts";

const score = z.string().transform(Number).pipe(z.number());

/** A thread's id, its last change, its record, its last run's status, and how many of its approvals wait. */
export const threadRow = z.tuple([z.string(), score, z.string(), runStatus, z.int()]);

/** Rows, and the last thread that was looked at; null at the end. */
export const listThreads = defineScript(
  "list-threads",
  ["threadsOf"],
  [
    "from",
    "after",
    "limit",
    "most",
    "status",
    "threadPrefix",
    "runPrefix",
    "unfinishedPrefix",
    "approvalPrefix",
  ],
  z.tuple([z.array(threadRow), z.tuple([z.string(), score]).nullable()]),
);

/** Per approval its id, and the fields that were asked for. */
export const readApprovals = defineScript(
  "thread-approvals",
  ["approvals"],
  ["approvalPrefix", "...fields"],
  z.array(z.tuple([z.string(), hashFields])),
);

/** 0, and nothing was changed, when the thread, a run or an approval exists. */
export const storeThread = defineScript(
  "store-thread",
  [
    "thread",
    "runIds",
    "approvalIds",
    "effects",
    "threadsOf",
    "due",
    { runs: ["run", "log"] },
    "...approvals",
  ],
  [
    "ttlMs",
    "runCount",
    "approvalCount",
    "threadId",
    "owner",
    "threadRecord",
    "updatedAt",
    "dueAt",
    "...runs",
    { approvals: ["requestId", "record", "status"] },
    { effects: ["name", "effect"] },
  ],
  z.literal([0, 1]),
);

export const condemnThread = defineScript(
  "condemn-thread",
  ["thread", "due"],
  ["owner", "runPrefix", "at"],
  z.enum(["condemned", "busy", "gone"]),
);

/** The number of its runs. */
export const removeThreadKeys = defineScript(
  "remove-thread",
  ["thread", "runs", "approvals", "pending", "due", "threadsOf", "...rest"],
  ["threadId", "runPrefix", "eventsPrefix", "approvalPrefix", "requestPrefix", "channel"],
  z.int(),
);

/** The number of keys that there were. */
export const touchThread = defineScript(
  "touch",
  ["thread", "runs", "approvals", "...rest"],
  ["ttlMs", "runPrefix", "eventsPrefix", "approvalPrefix"],
  z.int(),
);
