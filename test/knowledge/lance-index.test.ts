import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KnowledgeEmbedderError, openKnowledgeIndex } from "../../src/adapters/lancedb/open.ts";
import { rebuildKnowledgeIndex } from "../../src/adapters/lancedb/rebuild.ts";
import { createHashingEmbedder, type Embedder } from "../../src/knowledge/embedder.ts";
import type { KnowledgeEvent } from "../../src/knowledge/event.ts";
import type { KnowledgeIndex } from "../../src/ports/knowledge-index.ts";
import { recordingLogger } from "../backends/recording-logger.ts";

const logger = recordingLogger() as any;
const ME = { tenantId: "tenant1", userId: "user123" };

const anEvent = (fields: Partial<KnowledgeEvent> = {}): KnowledgeEvent => ({
  ...ME,
  eventId: "event-1",
  eventType: "MailSentEvent",
  at: 1_000,
  text: "Mail sent\nsubject: 분기 예산 보고서\nrecipient: kim@example.com",
  payload: { subject: "분기 예산 보고서", nested: { list: [1, "2", null] } },
  ...fields,
});

let folder: string;
let index: KnowledgeIndex;
const open = (uri = folder, embedder: Embedder = createHashingEmbedder()) =>
  openKnowledgeIndex({ uri, embedder }, logger);
const idsOf = (found: readonly KnowledgeEvent[]) => found.map(({ eventId }) => eventId);
const search = async (text: string, owner = ME, rest = {}) =>
  idsOf(await index.search(owner, { text, limit: 10, ...rest }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aura-knowledge-"));
  index = await open();
});
afterAll(async () => {
  await index.close();
  rmSync(folder, { recursive: true });
});

describe("the index of events", () => {
  test("has threads enough: with one, LanceDB's work waits for itself and writing beside the upkeep never ends (decision 32)", () => {
    expect(Number(process.env.LANCE_CPU_THREADS)).toBeGreaterThanOrEqual(4);
  });

  test("gives an event back as it was, also when it is opened again", async () => {
    const event = anEvent({ source: "mail", mailId: "mail-1" });
    await index.upsert([event]);
    const [found] = await index.search(ME, { text: "예산", limit: 5 });
    expect(found).toEqual({ ...event, score: expect.any(Number) });
    const again = await open();
    expect(idsOf(await again.recent(ME, { limit: 5 }))).toEqual(["event-1"]);
    await again.close();
  });

  test("finds Korean by a part of a word, and English by a part of an address", async () => {
    await index.upsert([
      anEvent({ eventId: "holiday", text: "Mail sent\nsubject: 휴가신청서를 보냅니다", at: 2_000 }),
      anEvent({
        eventId: "invoice",
        text: "Mail sent\nrecipient: billing@acme.example\nsubject: Invoice 4711",
      }),
    ]);
    expect((await search("휴가"))[0]).toBe("holiday");
    expect((await search("신청서"))[0]).toBe("holiday");
    expect((await search("acme"))[0]).toBe("invoice");
    expect((await search("4711"))[0]).toBe("invoice");
  });

  test("keeps one row per event: the newest, whatever the order", async () => {
    const at = (time: number, text: string) => anEvent({ eventId: "corrected", at: time, text });
    await index.upsert([at(20, "second version"), at(10, "first version")]);
    await index.upsert([at(5, "an old one that comes late")]);
    const read = async () =>
      (await index.recent(ME, { limit: 50 })).filter(({ eventId }) => eventId === "corrected");
    expect((await read()).map(({ text }) => text)).toEqual(["second version"]);
    await index.upsert([at(30, "third version")]);
    expect((await read()).map(({ text }) => text)).toEqual(["third version"]);
  });

  test("shows nobody another's mail, nobody another tenant's anything, and a tenant its documents", async () => {
    await index.upsert([
      anEvent({
        eventId: "document",
        eventType: "ApprovalCreatedEvent",
        text: "출장 품의서",
        userId: "author",
      }),
      anEvent({ eventId: "foreign", tenantId: "tenant2", text: "출장 경비 품의서" }),
      anEvent({ eventId: "other-mail", userId: "user999", text: "출장 메일" }),
    ]);
    expect(await search("출장")).toContain("document");
    const all = [...(await search("출장")), ...idsOf(await index.recent(ME, { limit: 50 }))];
    expect(all).not.toContain("foreign");
    expect(all).not.toContain("other-mail");
    expect(await search("출장", { tenantId: "tenant3", userId: "user123" })).toEqual([]);
    expect(await search("출장", { tenantId: "tenant2", userId: "user123" })).toEqual(["foreign"]);
  });

  test("narrows by type and time, newest first", async () => {
    const recent = async (rest: object) => idsOf(await index.recent(ME, { limit: 50, ...rest }));
    expect(await recent({ types: ["ApprovalCreatedEvent"] })).toEqual(["document"]);
    expect(await recent({ since: 1_500 })).toEqual(["holiday"]);
    expect(await search("휴가", ME, { since: 3_000 })).toEqual([]);
    const all = await index.recent(ME, { limit: 50 });
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => b - a));
    expect((await index.recent(ME, { limit: 1 })).length).toBe(1);
  });

  test("removes all rows of a mail or a document, in its tenant only", async () => {
    const about = (eventId: string, fields: Partial<KnowledgeEvent>) =>
      anEvent({ eventId, text: "지울 것", at: 9_000, ...fields });
    await index.upsert([
      about("sent", { mailId: "m'1" }),
      about("read", { mailId: "m'1", eventType: "MailReceivedEvent" }),
      about("kept", { mailId: "m'2" }),
      about("elsewhere", { mailId: "m'1", tenantId: "tenant2" }),
      about("paper", { documentId: "m'1", eventType: "ApprovalCreatedEvent" }),
    ]);
    await index.remove([{ tenantId: "tenant1", mailId: "m'1" }]);
    expect((await search("지울 것", ME, { since: 9_000 })).sort()).toEqual(["kept", "paper"]);
    expect(await search("지울 것", { tenantId: "tenant2", userId: "user123" }, { since: 9_000 })).toEqual([
      "elsewhere",
    ]);
  });

  test("takes ids and texts of any kind as what they are", async () => {
    const hostile = [
      "'; DROP TABLE events; --",
      "%",
      "_",
      '"',
      "\\",
      "\n",
      "한글",
      "a'b''c",
      "${x",
      "' OR '1'='1",
    ];
    const events = hostile.map((text, n) => ({
      ...anEvent({ eventId: text, eventType: text, userId: text, at: 100 + n, text: `${text} hostile` }),
      tenantId: text,
    }));
    await index.upsert(events);
    for (const text of hostile) {
      const owner = { tenantId: text, userId: text };
      expect(idsOf(await index.recent(owner, { limit: 10, types: [text] }))).toEqual([text]);
      expect(await search("hostile", owner)).toEqual([text]);
    }
    expect(await index.search(ME, { text: "' OR 1=1 --", limit: 3 })).toBeInstanceOf(Array);
  });

  test("two processes write at once, and nothing is lost", async () => {
    const other = await open();
    const batch = (name: string) =>
      Array.from({ length: 20 }, (_, n) => anEvent({ eventId: `${name}-${n}`, at: 50_000 + n, text: name }));
    await Promise.all([
      ...[1, 2, 3].map((n) => index.upsert(batch(`left${n}`))),
      ...[1, 2, 3].map((n) => other.upsert(batch(`right${n}`))),
    ]);
    expect(await index.recent(ME, { limit: 500, since: 50_000 })).toHaveLength(120);
    await other.close();
  });

  test("refuses another embedder than the one that made it, until it is made anew", async () => {
    const other: Embedder = {
      name: "other-v1",
      dimensions: 8,
      embed: async (texts) => texts.map((text) => Array.from({ length: 8 }, (_, n) => text.length + n)),
    };
    await expect(open(folder, other)).rejects.toThrow(KnowledgeEmbedderError);
    await expect(open(folder, other)).rejects.toThrow("knowledge rebuild");
    const before = await index.recent(ME, { limit: 500 });
    const told: number[] = [];
    await rebuildKnowledgeIndex(folder, other, (done) => told.push(done));
    const rebuilt = await open(folder, other);
    expect(await rebuilt.recent(ME, { limit: 500 })).toEqual(before);
    expect(told.at(-1)).toBeGreaterThanOrEqual(before.length);
    await rebuilt.close();
    await expect(open()).rejects.toThrow(KnowledgeEmbedderError);
  });
});
