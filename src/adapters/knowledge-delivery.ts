import { BackendUnavailableError } from "../errors.ts";
import type { KnowledgeEvent } from "../records/domain-event.ts";
import type { BackendLogger } from "./backend-logger.ts";

/** An event that a queue has given out; `id` is the queue's name for it. */
export interface Taken {
  id: string;
  event: KnowledgeEvent;
}

/** How failures are taken. */
export interface DeliveryOptions {
  /** Pause before the second attempt, in ms; it doubles with each further one. */
  backoffMs?: number;
  /** So often an event may fail while others get through; then it is given up. */
  maxFailures?: number;
}

interface DeliveryDeps extends DeliveryOptions {
  handler: (events: readonly KnowledgeEvent[]) => Promise<void>;
  logger: BackendLogger;
  /** Forgets events that the handler has taken in. */
  finish(taken: readonly Taken[]): Promise<void>;
  /** Puts an event aside that nobody is to be given again. */
  bury(taken: Taken): Promise<void>;
}

/** Gives events to the handler, and holds those that it rejects until their next attempt. */
export interface Delivery {
  deliver(batch: readonly Taken[]): Promise<void>;
  /** Gives those out again whose pause is over. */
  retry(): Promise<void>;
  /** Events that the handler has now, or that wait for another attempt. */
  held(): readonly Taken[];
  /** So many are held that no more should be taken. */
  isFull(): boolean;
  /** Ms until the next attempt; Infinity when nothing is held. */
  pauseMs(): number;
}

interface Held {
  taken: Taken;
  attempts: number;
  /** How often it has failed with somebody else getting through since its last failure. */
  failures: number;
  /** The value of `delivered` when it last failed. */
  deliveredThen: number;
  dueAt: number;
}

const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
const MAX_FAILURES = 20;
const MAX_HELD = 256;
/** After this many failures in a row the events are not at fault: the rest is not tried now. */
const IN_VAIN = 3;

/**
 * A batch that fails is tried again one by one, so that one bad event does not hold up the others. An event
 * is to blame for its failure only when others have got through since it last failed: an index that is down
 * for hours costs no event.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { handler, logger, backoffMs = BACKOFF_MS } = deps;
  const waiting = createWaiting(backoffMs);
  const blame = createBlame(deps, waiting);
  let giving: readonly Held[] = [];
  let delivered = 0;
  let failing = false;

  /** @returns what the handler rejected with, or null when it has taken them in */
  const attempt = async (taken: readonly Taken[]): Promise<{ cause: unknown } | null> => {
    try {
      await handler(taken.map(({ event }) => event));
    } catch (cause) {
      return { cause };
    }
    delivered += taken.length;
    if (failing) logger.info("domain events are indexed again");
    failing = false;
    await deps.finish(taken);
    return null;
  };

  const oneByOne = async (entries: readonly Held[]) => {
    const before = delivered;
    for (const [at, entry] of entries.entries()) {
      const failed = await attempt([entry.taken]);
      if (failed !== null) await blame(entry, failed.cause, delivered);
      if (delivered > before || at + 1 < IN_VAIN) continue;
      // Those that have not been tried come first the next time.
      waiting.addFirst(entries.slice(at + 1));
      break;
    }
  };

  const give = async (entries: readonly Held[]) => {
    const before = delivered;
    const failed = await attempt(entries.map(({ taken }) => taken));
    if (failed === null) return;
    if (entries.length > 1) await oneByOne(entries);
    else for (const entry of entries) await blame(entry, failed.cause, delivered);
    // Those that are known to be bad say nothing about the index.
    if (delivered > before || failing || entries.every(({ failures }) => failures > 0)) return;
    failing = true;
    // What is out of reach may be our own backend, which reports for itself.
    if (failed.cause instanceof BackendUnavailableError) return;
    logger.error({ err: failed.cause }, "domain events cannot be indexed; trying again");
  };

  const giveAll = async (entries: readonly Held[]) => {
    if (entries.length === 0) return;
    giving = entries;
    await give(entries).finally(() => {
      giving = [];
    });
  };

  return {
    deliver: (batch) =>
      giveAll(
        batch.map((taken) => ({ taken, attempts: 0, failures: 0, deliveredThen: delivered, dueAt: 0 })),
      ),
    retry: () => giveAll(waiting.takeDue()),
    held: () => [...giving, ...waiting.all()].map(({ taken }) => taken),
    isFull: () => waiting.all().length >= MAX_HELD,
    pauseMs: waiting.pauseMs,
  };
}

/** Has an event that has failed wait for another attempt, or gives it up. */
function createBlame({ logger, bury, maxFailures = MAX_FAILURES }: DeliveryDeps, waiting: Waiting) {
  return async (entry: Held, cause: unknown, delivered: number): Promise<void> => {
    const { taken } = entry;
    const about = { err: cause, tenantId: taken.event.tenantId, eventId: taken.event.eventId };
    if (delivered > entry.deliveredThen) entry.failures += 1;
    entry.deliveredThen = delivered;
    if (entry.failures >= maxFailures) {
      logger.error({ ...about, failures: entry.failures }, "event given up");
      return bury(taken);
    }
    if (entry.failures === 1) logger.warn(about, "event could not be indexed; trying again");
    waiting.add([entry]);
  };
}

type Waiting = ReturnType<typeof createWaiting>;

/** Events that wait for another attempt, each longer than before. */
function createWaiting(backoffMs: number) {
  let waiting: Held[] = [];

  const putOff = (entry: Held): Held => {
    entry.attempts += 1;
    entry.dueAt = Date.now() + Math.min(backoffMs * 2 ** Math.min(entry.attempts - 1, 20), MAX_BACKOFF_MS);
    return entry;
  };

  return {
    all: (): readonly Held[] => waiting,
    add: (entries: readonly Held[]) => void waiting.push(...entries.map(putOff)),
    addFirst(entries: readonly Held[]) {
      waiting = [...entries.map(putOff), ...waiting];
    },
    takeDue(): readonly Held[] {
      const now = Date.now();
      const due = waiting.filter(({ dueAt }) => dueAt <= now);
      waiting = waiting.filter(({ dueAt }) => dueAt > now);
      return due;
    },
    pauseMs: () => Math.max(0, Math.min(...waiting.map(({ dueAt }) => dueAt)) - Date.now()),
  };
}
