import type { Logger } from "pino";
import { cut } from "../../tools/cut.ts";
import {
  type FoundEvent,
  type KnowledgeIndex,
  type KnowledgeQuery,
  WordlessQueryError,
} from "../ports/knowledge-index.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import type { Owner } from "../records/run.ts";

/** An event as the tools give it to the model. */
interface Shown {
  eventId: string;
  eventType: string;
  /** ISO 8601, UTC. */
  time: string;
  text: string;
}

/** What the tools are told: what was found, with what it may lack; or why nothing could be looked up. */
type Looked =
  | {
      events: Shown[];
      /** No meaning was compared. */
      byWordsOnly: boolean;
      /** So many of the caller's events could be found by their words only. */
      left: number;
      /** Some that have been received may not be searchable yet. */
      incoming: boolean;
    }
  | { failed: "closed" | "wordless" | "unreadable"; cause: unknown };

interface ReaderSources {
  index(): KnowledgeIndex | { closed: string };
  queue: Pick<KnowledgeQueue, "waiting">;
  logger: Pick<Logger, "warn">;
}

/** Of one event's text, for the model. */
const MAX_TEXT = 1_500;

/**
 * The tools' view of the index (tools/knowledge.ts). What it gives is never an empty list for an index that
 * could not be looked into.
 */
export function createKnowledgeReader({ index, queue, logger }: ReaderSources) {
  /** Of events of all tenants: whose they are, the index alone knows. */
  const incoming = () =>
    queue.waiting().then(
      (count) => count > 0,
      () => true,
    );

  const look = async (
    find: (
      open: KnowledgeIndex,
    ) => Promise<{ events: FoundEvent[]; byWordsOnly: string | null; left: number }>,
  ): Promise<Looked> => {
    const open = index();
    if ("closed" in open) return { failed: "closed", cause: new Error(open.closed) };
    try {
      // Asked before the search: an event that is indexed between the two is then found, or reported as
      // missing.
      const isIncoming = await incoming();
      const { events, byWordsOnly, left } = await find(open);
      return { events: events.map(show), byWordsOnly: byWordsOnly !== null, left, incoming: isIncoming };
    } catch (cause) {
      if (cause instanceof WordlessQueryError) return { failed: "wordless", cause };
      logger.warn({ err: cause }, "the index of events cannot be searched");
      return { failed: "unreadable", cause };
    }
  };

  return {
    search: (owner: Owner, query: KnowledgeQuery & { text: string }) =>
      look((open) => open.search(owner, query)),
    recent: (owner: Owner, query: KnowledgeQuery) =>
      look(async (open) => ({ events: await open.recent(owner, query), byWordsOnly: null, left: 0 })),
  };
}

function show({ eventId, eventType, at, text }: FoundEvent): Shown {
  const shown = text.length > MAX_TEXT ? `${cut(text, MAX_TEXT)}…` : text;
  return { eventId, eventType, time: new Date(at).toISOString(), text: shown };
}
