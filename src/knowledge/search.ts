import type { FoundEvent, KnowledgeIndex, KnowledgeQuery } from "../ports/knowledge-index.ts";
import type { Owner } from "../runs/run.ts";

/** An event as the tools give it to the model. */
interface Shown {
  eventId: string;
  eventType: string;
  /** ISO 8601, UTC. */
  time: string;
  text: string;
}

/** Of one event's text, for the model. */
const MAX_TEXT = 1_500;

/**
 * The tools' view of the index (tools/knowledge.ts).
 *
 * @param index rejects while there is none
 */
export function createKnowledgeReader(index: () => Promise<KnowledgeIndex>) {
  return {
    search: async (owner: Owner, query: KnowledgeQuery & { text: string }): Promise<Shown[]> =>
      (await (await index()).search(owner, query)).events.map(show),
    recent: async (owner: Owner, query: KnowledgeQuery): Promise<Shown[]> =>
      (await (await index()).recent(owner, query)).map(show),
  };
}

function show({ eventId, eventType, at, text }: FoundEvent): Shown {
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text;
  return { eventId, eventType, time: new Date(at).toISOString(), text: shown };
}
