import { randomUUID } from "node:crypto";
import {
  DOMAIN_EVENT_CHANNEL,
  type EventSubject,
  type WrittenDomainEvent,
} from "@aura-platform/contract/domain-events.ts";
import { localDateTime } from "../src/http/envelope.ts";
import type { Owner } from "../src/records/run.ts";
import type { EventPublisher } from "./event-publisher.ts";
import type { Mail } from "./mailbox.ts";
import { DEV_USERS } from "./users.ts";

/** What an event says of a mail; the text is cut, as a notification's is. */
interface MailFacts {
  sender: string;
  recipient: string;
  subject: string;
  content: string;
}

const MAX_CONTENT_CHARS = 4_000;

/**
 * DWP's mail service: a delivered mail was sent by one person and received by others; each has a mail of
 * their own.
 */
export function publishMail(events: EventPublisher, mail: Mail): void {
  const facts: MailFacts = {
    sender: mail.from,
    recipient: mail.recipients.join(", "),
    subject: mail.subject,
    content: mail.text.slice(0, MAX_CONTENT_CHARS),
  };
  if (mail.sentBy !== undefined) publishMailEvent(events, "MailSentEvent", mail.sentBy, facts);
  for (const { tenant, user, email } of DEV_USERS) {
    if (!mail.recipients.some((recipient) => recipient.toLowerCase() === email)) continue;
    publishMailEvent(events, "MailReceivedEvent", { tenantId: tenant, userId: user }, facts);
  }
}

/**
 * Flat, on the mail channel and on the one of all events, as docs/contract.md, section 6, shows it.
 *
 * @returns the event's id
 */
export function publishMailEvent(
  events: EventPublisher,
  eventType: "MailSentEvent" | "MailReceivedEvent",
  owner: Owner,
  facts: MailFacts,
): string {
  const eventId = `event-${randomUUID()}`;
  const event: WrittenDomainEvent & EventSubject & MailFacts = {
    eventId,
    timestamp: localDateTime(new Date()),
    ...owner,
    eventType,
    mailId: `mail-${randomUUID()}`,
    ...facts,
  };
  events.publish([DOMAIN_EVENT_CHANNEL.mail, DOMAIN_EVENT_CHANNEL.all], JSON.stringify(event));
  return eventId;
}
