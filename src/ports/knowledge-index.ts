import type { KnowledgeEvent } from "../records/domain-event.ts";
import type { Owner } from "../records/run.ts";

export interface KnowledgeQuery {
  /** Only events of these types. */
  types?: readonly string[];
  /** Only events at or after this time, Unix ms. */
  since?: number;
  limit: number;
}

/** What is read back of an event; the rest of it is kept for those who look into the index themselves. */
export type FoundEvent = Pick<KnowledgeEvent, "eventId" | "eventType" | "at" | "text">;

/** What events are about: a mail or a document of a tenant. */
export interface KnowledgeDocument {
  tenantId: string;
  kind: "mail" | "document";
  id: string;
}

export interface KnowledgeDeletion extends KnowledgeDocument {
  /** When it was deleted, Unix ms. */
  at: number;
}

/** The index cannot be used as it is: its rows have another form. */
export class StaleIndexError extends Error {
  constructor(why: string) {
    super(`the index of events ${why}: run "npm run aura -- knowledge rebuild"`);
    this.name = "StaleIndexError";
  }
}

/**
 * What is looked for has no word in it, and its meaning cannot be compared: whether there is anything, nobody
 * knows.
 */
export class WordlessQueryError extends Error {
  constructor() {
    super("there is nothing in the query to compare events with");
    this.name = "WordlessQueryError";
  }
}

/** What a search has found, and where it could not look. */
export interface Found {
  /** Best first. */
  events: FoundEvent[];
  /** Why words alone were compared and no meaning, in words for everybody; null when both were. */
  byWordsOnly: string | null;
  /** How many of the events that the caller may find had only their words to be found by. */
  left: number;
}

/** How the index answers at this moment. */
export interface IndexState extends Pick<Found, "byWordsOnly"> {
  /** Its name. */
  embedder: string;
  /** Length of its vectors. */
  dimensions: number;
  /** How many of all events are still to be embedded. */
  left: number;
}

/**
 * The vector index of domain events. A caller finds its own tenant's events only, and of mail only its own
 * (`readerOf`).
 */
export interface KnowledgeIndex {
  /**
   * One row per (tenantId, eventId); of several versions the one with the newest time stays. It can be found
   * by its words when this resolves; by meaning perhaps later, and an embedder that fails does not make it
   * reject.
   */
  upsert(events: readonly KnowledgeEvent[]): Promise<void>;
  /**
   * Removes all rows of these documents, and keeps out what comes later and is not newer than the deletion.
   */
  remove(deletions: readonly KnowledgeDeletion[]): Promise<void>;
  /**
   * By meaning, words (parts of words too: Korean) and time.
   *
   * @throws WordlessQueryError
   */
  search(owner: Owner, query: KnowledgeQuery & { text: string }): Promise<Found>;
  /** Newest first. */
  recent(owner: Owner, query: KnowledgeQuery): Promise<FoundEvent[]>;
  /** Rejects when the index cannot be read. */
  state(): Promise<IndexState>;
  close(): Promise<void>;
}
