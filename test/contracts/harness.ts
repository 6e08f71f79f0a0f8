import { randomUUID } from "node:crypto";
import type { StoredEvent } from "@aura-platform/contract/events.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { Backend } from "../../src/ports/backend.ts";
import type { OwnedThread } from "../../src/ports/job-queue.ts";
import type { DueRun, ThreadRegistry } from "../../src/ports/thread-registry.ts";
import type { ApprovalRecord } from "../../src/records/approval.ts";
import type { Owner, RunRecord } from "../../src/records/run.ts";

/** A backend under test, with the outside's view of it. */
export interface Harness {
  /** Two instances of the service on the same state; the same one twice when it lives in one process. */
  backends: readonly [Backend, Backend];
  /** What Main Service does. */
  publish(channel: string, message: string): Promise<void>;
  getKey(key: string): Promise<string | null>;
  /** Sets a key; one that exists keeps its lifetime. */
  replaceKey(key: string, value: string): Promise<void>;
  deleteKey(key: string): Promise<void>;
  /** Lets the time of a thread's lease run out, and perhaps of others. */
  expireLease(threadId: string): Promise<void>;
  close(): Promise<void>;
}

/** Each with a state of its own. */
export type MakeHarness = () => Promise<Harness>;

/** Ids that a careless key, glob or script would mix up. HTTP lets none of these in; a store has to cope. */
export function hostileIds(): string[] {
  const id = randomUUID();
  const tails = [
    ":events",
    ":",
    "*",
    "?",
    "[a-z]",
    "{}",
    "{x}",
    "'",
    '"',
    '\\"',
    "\n",
    "\r\n",
    " ",
    "\0",
    "한글",
    "%s",
    "]]",
    "$1",
  ];
  return [id, `${id}${id}`, ...tails.map((tail) => `${id}${tail}`), ...tails.map((tail) => `${tail}${id}`)];
}

/** JSON that a round trip through Lua's cjson, or a careless copy, would damage. */
export function awkwardContext(): Record<string, unknown> {
  let nested: unknown = { leaf: [] };
  for (let depth = 0; depth < 200; depth += 1) nested = depth % 2 === 0 ? [nested] : { nested };
  return {
    emptyObject: {},
    emptyArray: [],
    mixed: [{}, [], null, [[]], { a: [] }],
    number: "1e400",
    largeInteger: 9_007_199_254_740_991,
    larger: Number("12345678901234567890"),
    tiny: 5e-324,
    third: 1 / 3,
    zero: -0 + 0,
    korean: "결재 요청 🧾",
    loneSurrogate: "\ud800",
    control: "\u0000\u001f\u2028\u2029\r\n",
    status: "pending",
    'key with "quotes" and ]]': '"status":"pending"',
    nested,
  };
}

/** Takes a queued run to a status at that time (Unix ms), by way of `running` as every run goes. */
export async function bringTo(
  threads: ThreadRegistry,
  runId: string,
  to: Exclude<RunStatus, "queued">,
  at: number,
): Promise<RunRecord | null> {
  const running = await threads.transition(runId, ["queued"], "running", at);
  return to === "running" ? running : threads.transition(runId, ["running"], to, at);
}

export function aRun(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    v: 1,
    runId: `run-${randomUUID()}`,
    threadId: `thread-${randomUUID()}`,
    tenantId: "tenant1",
    userId: "user123",
    status: "queued",
    prompt: "kim@example.com 에게 메일 보내줘",
    context: { activeApp: "mail", remoteState: {} },
    language: "ko",
    traceId: "trace-1",
    attempt: 1,
    createdAt: 1_706_152_860_000,
    updatedAt: 1_706_152_860_000,
    ...fields,
  };
}

export const OWNER: Owner = Object.freeze({ tenantId: "tenant1", userId: "user123" });

/** A thread of somebody's. */
export function owned(threadId: string, owner: Owner = OWNER): OwnedThread {
  return { threadId, ...owner };
}

/** The run as ThreadRegistry.takeDue tells it. */
export function dueRun({ runId, threadId, tenantId, userId }: RunRecord, begun = false): DueRun {
  return { runId, threadId, tenantId, userId, begun };
}

export function anApproval(fields: Partial<ApprovalRecord> = {}): ApprovalRecord {
  const createdAt = fields.createdAt ?? 1_706_152_860_000;
  return {
    v: 1,
    requestId: `req-${randomUUID()}`,
    threadId: `thread-${randomUUID()}`,
    runId: "run-1",
    tenantId: "tenant1",
    userId: "user123",
    interruptId: "interrupt-1",
    taskId: "task-1",
    toolCallId: "call_0",
    actionType: "send_email",
    context: { to: "kim@example.com", subject: "Hi", cc: [] },
    digest: "d1".repeat(32),
    message: "Send this mail?",
    status: "pending",
    createdAt,
    expiresAt: createdAt + 30 * 60_000,
    ...fields,
  };
}

/** Content events `from`, `from + 1`, ... */
export function someEvents(from: number, count: number, text = "text"): StoredEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: from + index,
    at: 1_706_152_860_000 + from + index,
    event: {
      type: "content",
      data: { content: `${text} ${from + index}`, format: "markdown", messageId: "m1" },
    },
  }));
}

/** Counts calls, and lets a test wait for the next ones. */
export function callCounter() {
  let count = 0;
  const waiting = new Set<{ target: number; resolve: () => void }>();
  return {
    call: () => {
      count += 1;
      for (const waiter of waiting) {
        if (count < waiter.target) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
    },
    count: () => count,
    /** Resolves once there have been `target` calls. */
    reached: (target: number) =>
      new Promise<void>((resolve) => {
        if (count >= target) resolve();
        else waiting.add({ target, resolve });
      }),
  };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
