import type { DomainEvent, EventSubject } from "@aura-platform/contract/domain-events.ts";
import type { Owner } from "./run.ts";

/**
 * A domain event as the index keeps it, whatever form it arrived in. The owner is whom it is about: the
 * mail's user, the document's author.
 */
export interface KnowledgeEvent extends Owner, Pick<DomainEvent, "eventId" | "eventType"> {
  /** When it happened, Unix ms. */
  at: number;
  /** The service that published it, when it says so. */
  source?: NonNullable<DomainEvent["source"]>;
  /** What it is about, when it names it: an event that deletes it removes all rows of it. */
  mailId?: NonNullable<EventSubject["mailId"]>;
  documentId?: NonNullable<EventSubject["documentId"]>;
  /** What is searched and shown: data from outside, never instructions. */
  text: string;
  /** The event's own fields. */
  payload: Record<string, unknown>;
}

/**
 * The only person who may find an event - of mail, its user - or null: everybody of its tenant may (decision
 * 32).
 */
export function readerOf({ eventType, mailId, documentId, userId }: KnowledgeEvent): string | null {
  // A document may name the mail that it came with, and is there to be found by those who approve it.
  const isMail = /mail/i.test(eventType) || (mailId !== undefined && documentId === undefined);
  return isMail ? userId : null;
}
