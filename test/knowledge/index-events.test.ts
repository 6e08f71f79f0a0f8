import { expect, test } from "vitest";
import { indexEvents } from "../../src/knowledge/index-events.ts";
import type { KnowledgeEvent } from "../../src/records/domain-event.ts";
import { anEvent, memoryIndex } from "../helpers/knowledge.ts";

const left = async (...events: Partial<KnowledgeEvent>[]) => {
  const index = memoryIndex();
  await indexEvents(
    index,
    events.map((fields, at) => anEvent({ eventId: `e${at}`, ...fields })),
  );
  return index.rows().map(({ eventId }) => eventId);
};

test("a deletion takes the rows of its mail that came before it, in its own tenant, and no others", async () => {
  const deleted = { eventType: "MailDeletedEvent", mailId: "m1" };
  const rows = await left(
    { mailId: "m1" },
    { mailId: "m2" },
    { mailId: "m1", eventType: "MailReadEvent" },
    { mailId: "m1", tenantId: "tenant2" },
    { documentId: "m1" },
    deleted,
    { mailId: "m1" },
  );
  expect(rows).toEqual(["e1", "e3", "e4", "e6"]);
  expect(
    await left({ mailId: "m1" }, deleted, deleted, { mailId: "m2" }, { ...deleted, mailId: "m2" }),
  ).toEqual([]);
});

test("a document that goes leaves its mail; a mail that goes leaves the document it names", async () => {
  const both = { mailId: "m1", documentId: "d1" };
  expect(
    await left({ mailId: "m1" }, { documentId: "d1" }, { ...both, eventType: "AttachmentDeleted" }),
  ).toEqual(["e0"]);
  expect(
    await left({ mailId: "m1" }, { documentId: "d1" }, { ...both, eventType: "MailDeletedEvent" }),
  ).toEqual(["e1"]);
});

test("a deletion of something else is an event like others, and so is what only sounds like one", async () => {
  expect(await left({ mailId: "m1" }, { eventType: "UserDeletedEvent" })).toEqual(["e0", "e1"]);
  expect(await left({ mailId: "m1" }, { mailId: "m1", eventType: "MailDeletedNoticeSent" })).toEqual([
    "e0",
    "e1",
  ]);
});
