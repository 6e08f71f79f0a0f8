import type { KnowledgeEvent } from "../knowledge/event.ts";
import type { Owner } from "../runs/run.ts";

export interface KnowledgeQuery {
  /** Only events of these types. */
  types?: readonly string[];
  /** Only events at or after this time, Unix ms. */
  since?: number;
  limit: number;
}

export interface FoundEvent extends KnowledgeEvent {
  /** Higher is nearer; comparable within one answer only. */
  score: number;
}

/** A document whose events are to go: a mail or a document of a tenant. */
export type KnowledgeDocument = { tenantId: string } & ({ mailId: string } | { documentId: string });

/**
 * The vector index of domain events. A caller finds its own tenant's events only, and of mail events only its own.
 */
export interface KnowledgeIndex {
  /** One row per (tenantId, eventId); of several versions the one with the newest time stays. */
  upsert(events: readonly KnowledgeEvent[]): Promise<void>;
  /** Removes all rows of these documents. */
  remove(documents: readonly KnowledgeDocument[]): Promise<void>;
  /** By meaning, words (parts of words too: Korean) and time; best first. */
  search(owner: Owner, query: KnowledgeQuery & { text: string }): Promise<FoundEvent[]>;
  /** Newest first. */
  recent(owner: Owner, query: KnowledgeQuery): Promise<FoundEvent[]>;
  close(): Promise<void>;
}
