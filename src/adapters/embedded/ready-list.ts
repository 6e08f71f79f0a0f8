import type { Urgency } from "../../ports/job-queue.ts";
import type { Full, OwnerKey } from "../owner-slots.ts";

/** A thread that waits for a worker. */
export interface ReadyAttempt extends OwnerKey {
  threadId: string;
  /** Which attempt comes next. */
  attempt: number;
}

interface ReadyList {
  /** A thread that waits already keeps its place, unless it has become more urgent. */
  add(thread: ReadyAttempt, urgency: Urgency): void;
  /** Takes out whose turn it is, passing over who is full; null when there is nobody else. */
  take(full: Full): ReadyAttempt | null;
}

/** One user's threads, longest waiting first. */
type Waiting = Record<Urgency, Map<string, ReadyAttempt>>;

/** Threads that wait for a worker, by tenant and user. Whose turn it is stands first in each map. */
export function createEmbeddedReadyList(): ReadyList {
  const tenants = new Map<string, Map<string, Waiting>>();

  const waitingOf = ({ tenant, user }: OwnerKey): Waiting => {
    const users = tenants.get(tenant) ?? new Map<string, Waiting>();
    const waiting = users.get(user) ?? { begun: new Map(), new: new Map() };
    if (!tenants.has(tenant)) tenants.set(tenant, users);
    if (!users.has(user)) users.set(user, waiting);
    return waiting;
  };

  return {
    add(thread, urgency) {
      const { threadId } = thread;
      const waiting = waitingOf(thread);
      if (waiting.begun.has(threadId)) return;
      if (urgency === "begun") waiting.new.delete(threadId);
      if (!waiting[urgency].has(threadId)) waiting[urgency].set(threadId, thread);
    },
    take(full) {
      for (const [tenant, users] of tenants) {
        if (full.tenants.includes(tenant)) continue;
        for (const [user, waiting] of users) {
          if (full.users.includes(user)) continue;
          const next = shift(waiting.begun) ?? shift(waiting.new);
          toTheEnd(users, user, waiting.begun.size + waiting.new.size > 0);
          toTheEnd(tenants, tenant, users.size > 0);
          return next;
        }
      }
      return null;
    },
  };
}

function shift(threads: Map<string, ReadyAttempt>): ReadyAttempt | null {
  for (const [threadId, thread] of threads) {
    threads.delete(threadId);
    return thread;
  }
  return null;
}

function toTheEnd<T>(turns: Map<string, T>, name: string, stays: boolean): void {
  const value = turns.get(name);
  turns.delete(name);
  if (stays && value !== undefined) turns.set(name, value);
}
