import { randomUUID } from "node:crypto";
import type { FoundEvent, KnowledgeIndex } from "../../src/ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../../src/records/domain-event.ts";

export function anEvent(fields: Partial<KnowledgeEvent> = {}): KnowledgeEvent {
  return {
    eventId: `event-${randomUUID()}`,
    eventType: "MailSentEvent",
    tenantId: "tenant1",
    userId: "user123",
    at: 1_706_152_860_000,
    text: "Mail sent\nsubject: Hi",
    payload: { subject: "Hi" },
    ...fields,
  };
}

/** The form of docs/contract.md, section 6, in which everything stands beside the ids. */
export function flatEvent(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventId: `event-${randomUUID()}`,
    timestamp: "2024-01-16T12:00:00",
    userId: "user123",
    tenantId: "tenant1",
    eventType: "MailSentEvent",
    mailId: "mail-001",
    recipient: "user@example.com",
    subject: "Hi",
    ...fields,
  };
}

/** The same for the first user of the dev stack, as a stack of its own users hears it. */
export function devEvent(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return flatEvent({ tenantId: "1", ...fields });
}

export interface MemoryIndex extends KnowledgeIndex {
  /** Every row ever written, repeated ones too. */
  written: KnowledgeEvent[];
  /** What is there, in the order of writing. */
  rows(): KnowledgeEvent[];
}

/** An index in memory, for tests of what is on the way to it; it finds nothing by meaning. */
export function memoryIndex(): MemoryIndex {
  const rows = new Map<string, KnowledgeEvent>();
  const written: KnowledgeEvent[] = [];
  const key = ({ tenantId, eventId }: KnowledgeEvent) => JSON.stringify([tenantId, eventId]);
  const found = (): FoundEvent[] => [...rows.values()];
  return {
    written,
    rows: () => [...rows.values()],
    async upsert(events) {
      for (const event of events) {
        written.push(event);
        if ((rows.get(key(event))?.at ?? 0) <= event.at) rows.set(key(event), event);
      }
    },
    async remove(documents) {
      for (const document of documents) {
        for (const [name, row] of rows) {
          const isIt = (document.kind === "mail" ? row.mailId : row.documentId) === document.id;
          if (isIt && row.tenantId === document.tenantId) rows.delete(name);
        }
      }
    },
    search: async () => ({ events: found(), byWordsOnly: null, left: 0 }),
    recent: async () => found(),
    state: async () => ({ embedder: "memory", dimensions: 64, byWordsOnly: null, left: 0 }),
    close: async () => {},
  };
}
