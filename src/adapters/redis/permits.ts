import { z } from "zod";
import type { JobQueueOptions } from "../job-options.ts";
import { createOwnerSlots, NO_CAPS, type OwnerSlots } from "../owner-slots.ts";
import { QUEUE_NAME } from "./keys.ts";
import type { ReadyThread, RedisReadyList } from "./ready-list.ts";
import { parseRecord } from "./record-format.ts";

/**
 * What a BullMQ job is. A permit to work on one thread, whichever is next; the id is the one that it was
 * added for, which a process of an older version works on. With a place it is another attempt at that very
 * thread. With neither it is of an older version, and names what to work on.
 */
const jobData = z.looseObject({
  v: z.literal(1),
  threadId: z.string(),
  permit: z.enum(["own", "again", "passed on"]).exactOptional(),
  place: z.object({ tenant: z.string(), user: z.string() }).exactOptional(),
});

export type JobData = z.infer<typeof jobData>;

/** For how long a permit rests that this process has no use for, in ms: others may have. */
const PASS_ON_MS = 1_000;

interface PermitOptions extends JobQueueOptions {
  ready: RedisReadyList;
  /** Adds a permit that any process may use, once however often it is asked for. */
  passOn(data: JobData, delayMs: number): Promise<void>;
  handler: (threadId: string) => Promise<void>;
}

interface Permits {
  /**
   * Works on what the job permits; resolves with the data of a job for another attempt when the handler was
   * rejected. Rejects when it could not begin.
   */
  use(data: unknown): Promise<JobData | null>;
  /** From now on nothing is begun. */
  close(): void;
}

/** This process is closing: the permit is for others. */
export class ClosingError extends Error {}

/**
 * Turns permits into work. There is a permit for each thread that waits. One that finds only threads of
 * owners who have here as many handlers as they may is used up; this process then owes it to them, and goes
 * on with one of theirs when a handler is done.
 */
export function createPermits(options: PermitOptions): Permits {
  const { handler, onError, caps = NO_CAPS } = options;
  const slots = createOwnerSlots(caps);
  let closing = false;
  const turns = createTurns(options, slots, () => closing);

  const handle = async (threadId: string): Promise<boolean> => {
    try {
      await handler(threadId);
      return true;
    } catch (error) {
      onError(error, threadId);
      return false;
    }
  };

  const workOff = async (data: JobData): Promise<JobData | null> => {
    let next = await turns.first(data);
    while (next !== null) {
      const { threadId, tenant, user } = next;
      const done = await handle(threadId).finally(() => slots.give({ tenant, user }));
      if (!done) return { v: 1, threadId, place: { tenant, user } };
      next = await turns.owed();
    }
    return null;
  };

  return {
    async use(job) {
      const data = parseRecord(jobData, job, QUEUE_NAME);
      if (closing) throw new ClosingError("closing");
      if (data.permit !== undefined || data.place !== undefined) return workOff(data);
      return (await handle(data.threadId)) ? null : data;
    },
    close() {
      closing = true;
    },
  };
}

/** Which thread a permit is for, with a slot taken for it. */
interface Turns {
  /** Of a job that begins; null when its permit is used up. */
  first(data: JobData): Promise<ReadyThread | null>;
  /** Of a permit that is owed; null when none is, or nobody waits any more. */
  owed(): Promise<ReadyThread | null>;
}

function createTurns(
  { ready, passOn }: Pick<PermitOptions, "ready" | "passOn">,
  slots: OwnerSlots,
  isClosing: () => boolean,
): Turns {
  let owed = 0;
  let taking: Promise<unknown> = Promise.resolve();

  // One after another: the next one must know who is full after this one.
  const take = () => {
    const taken = taking.then(async () => {
      if (isClosing()) throw new ClosingError("closing");
      const next = await ready.take(slots.full());
      if (next !== null && next !== "full") slots.take(next);
      return next;
    });
    taking = taken.catch(() => {});
    return taken;
  };

  const usePermit = async (kind: JobData["permit"] | "owed"): Promise<ReadyThread | null> => {
    const next = await take();
    if (next === null) {
      owed = 0;
      return null;
    }
    if (next === "full") {
      if (kind === "own" || kind === "owed") owed += 1;
      await passOn({ v: 1, threadId: "", permit: "passed on" }, PASS_ON_MS);
      return null;
    }
    if (kind === "passed on" && next.others) {
      // Only sooner than it would come otherwise, so a failure does no harm.
      await passOn({ v: 1, threadId: "", permit: "passed on" }, 0).catch(() => {});
    }
    if (!isClosing()) return next;
    slots.give(next);
    await ready.add(next, "begun");
    throw new ClosingError("closing");
  };

  return {
    async first({ permit, place, threadId }) {
      if (place === undefined) return usePermit(permit);
      const again = { threadId, ...place };
      if (slots.hasRoom(place)) {
        slots.take(place);
        return again;
      }
      await ready.add(again, "begun");
      return usePermit("own");
    },
    async owed() {
      if (owed === 0 || isClosing()) return null;
      owed -= 1;
      // The work is done, whatever comes of this: what waits is found by the next permit, or by the sweep.
      return usePermit("owed").catch(() => null);
    },
  };
}
