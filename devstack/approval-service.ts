import { randomUUID } from "node:crypto";
import {
  DOMAIN_EVENT_CHANNEL,
  type WrittenNestedDomainEvent,
} from "@aura-platform/contract/domain-events.ts";
import { localDateTime } from "../src/http/envelope.ts";
import type { Owner } from "../src/records/run.ts";
import type { EventPublisher } from "./event-publisher.ts";

/**
 * DWP's approval documents, as far as Aura hears of them: a new one is announced, nested as the Java
 * publisher does it, on the approval channel and on the one of all events.
 *
 * @returns the event's id
 */
export function createApprovalDocument(
  events: EventPublisher,
  { tenantId, userId }: Owner,
  document: { title: string; content: string },
): string {
  const eventId = `event-${randomUUID()}`;
  const event: WrittenNestedDomainEvent = {
    eventId,
    eventType: "ApprovalCreatedEvent",
    source: "approval-service",
    tenantId,
    userId,
    data: { documentId: `document-${randomUUID()}`, ...document, status: "PENDING" },
    timestamp: localDateTime(new Date()),
    metadata: { version: "1.0" },
  };
  events.publish([DOMAIN_EVENT_CHANNEL.approval, DOMAIN_EVENT_CHANNEL.all], JSON.stringify(event));
  return eventId;
}
