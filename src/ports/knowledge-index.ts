import type { KnowledgeEvent } from "../knowledge/event.ts";
import type { Owner } from "../runs/run.ts";

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

/**
 * The vector index of domain events. A caller finds its own tenant's events only, and of mail only its own (`readerOf`).
 */
export interface KnowledgeIndex {
  /** One row per (tenantId, eventId); of several versions the one with the newest time stays. */
  upsert(events: readonly KnowledgeEvent[]): Promise<void>;
  /** Removes all rows of these documents, and keeps out what comes later and is not newer than the deletion. */
  remove(deletions: readonly KnowledgeDeletion[]): Promise<void>;
  /** By meaning, words (parts of words too: Korean) and time; best first. */
  search(owner: Owner, query: KnowledgeQuery & { text: string }): Promise<FoundEvent[]>;
  /** Newest first. */
  recent(owner: Owner, query: KnowledgeQuery): Promise<FoundEvent[]>;
  close(): Promise<void>;
}
