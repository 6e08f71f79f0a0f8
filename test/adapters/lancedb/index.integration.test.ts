import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectTo } from "../../../src/adapters/lancedb/connect.ts";
import { EVENTS_TABLE, openKnowledgeIndex } from "../../../src/adapters/lancedb/open.ts";
import { rebuildKnowledgeIndex } from "../../../src/adapters/lancedb/rebuild.ts";
import { tableSchema } from "../../../src/adapters/lancedb/rows.ts";
import { createHashingEmbedder, type Embedder } from "../../../src/knowledge/embedder.ts";
import { type KnowledgeIndex, WordlessQueryError } from "../../../src/ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../../../src/records/domain-event.ts";

const logger = pino({ level: "silent" });
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
const idsOf = (found: readonly { eventId: string }[]) => found.map(({ eventId }) => eventId);
const idsIn = async (of: KnowledgeIndex, text: string, owner = ME, rest = {}) =>
  idsOf((await of.search(owner, { text, limit: 10, ...rest })).events);
const search = (text: string, owner = ME, rest = {}) => idsIn(index, text, owner, rest);

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

  test("gives an event back, also when it is opened again, and keeps all of it", async () => {
    const event = anEvent({ source: "mail", mailId: "mail-1" });
    await index.upsert([event]);
    const [found] = (await index.search(ME, { text: "예산", limit: 5 })).events;
    const { eventId, eventType, at, text, payload, ...rest } = event;
    expect(found).toEqual({ eventId, eventType, at, text });
    const table = await (await connectTo(folder)).db.openTable(EVENTS_TABLE);
    const [row] = await table.query().toArray();
    expect({ ...row }).toMatchObject({ ...rest, documentId: "", payload: JSON.stringify(payload) });
    table.close();
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
    await expect(search("?!")).rejects.toThrow(WordlessQueryError);
  });

  test("finds what has to do with the query, and nothing else, in both languages", async () => {
    const own = mkdtempSync(join(tmpdir(), "aura-relevant-"));
    const relevant = await open(own);
    const texts = {
      offer: "Mail received\nsubject: 복합기 견적서 회신\nbody: 납기는 3주입니다.",
      shipment: "Mail received\nsubject: Shipment delayed\nbody: Container MSKU-7712345 left Shanghai late.",
      workshop: "Mail sent\nsubject: 강릉 워크숍 참석자 명단\nbody: 버스는 아침 8시에 출발합니다.",
    };
    await relevant.upsert(
      Object.entries(texts).map(([eventId, text]) =>
        anEvent({ eventId, text, ...(eventId === "offer" ? { mailId: "Mail_A-7" } : {}) }),
      ),
    );
    for (const [query, eventId] of [
      ["복합기 견적서가 왔는지 찾아줘", "offer"],
      ["복합기견적서", "offer"],
      ["when did the container leave Shanghai?", "shipment"],
      ["shipments", "shipment"],
      ["MSKU-7712345", "shipment"],
      ["워크숍에 가는 버스 출발 시간", "workshop"],
      ["Mail_A-7에 대해 알려줘", "offer"],
      ["workshop", "workshop"],
    ] as const) {
      expect([query, ...(await idsIn(relevant, query))]).toEqual([query, eventId]);
    }
    for (const query of [
      ["오늘 서울 날씨 어때?", "김치찌개 끓이는 방법을 알려줘", "MSKU-0000001", "Mail_A-8", "mail_a-7x"],
      ["what is the weather like in Paris?", "who won the football world cup?", "recipe for chocolate cake"],
    ].flat()) {
      expect([query, ...(await idsIn(relevant, query))]).toEqual([query]);
    }
    expect(await idsIn(relevant, "Mail_A-7", { ...ME, userId: "user999" })).toEqual([]);
    await relevant.close();
    rmSync(own, { recursive: true });
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
    await index.remove([{ tenantId: "tenant1", kind: "mail", id: "m'1", at: 10_000 }]);
    expect((await search("지울 것", ME, { since: 9_000 })).sort()).toEqual(["kept", "paper"]);
    expect(await search("지울 것", { tenantId: "tenant2", userId: "user123" }, { since: 9_000 })).toEqual([
      "elsewhere",
    ]);
  });

  test("what was deleted does not come back with an older event, whoever took it in; with a newer one it does", async () => {
    const other = await open();
    const late = (eventId: string, at: number, fields: Partial<KnowledgeEvent>) =>
      anEvent({ eventId, at, text: "늦은 것", ...fields });
    await index.remove([
      { tenantId: "tenant1", kind: "mail", id: "gone", at: 20_000 },
      { tenantId: "tenant1", kind: "mail", id: "gone", at: 19_000 },
      { tenantId: "tenant1", kind: "document", id: "torn", at: 20_000 },
    ]);
    await other.upsert([
      late("backfilled", 19_999, { mailId: "gone" }),
      late("same-second", 20_000, { mailId: "gone" }),
      late("restored", 20_001, { mailId: "gone" }),
      late("torn-up", 1_000, { documentId: "torn", mailId: "kept" }),
      late("not-mine", 1_000, { mailId: "gone", tenantId: "tenant2" }),
      late("other-kind", 1_000, { documentId: "gone" }),
    ]);
    await other.close();
    const all = idsOf(await index.recent(ME, { limit: 500 }));
    const mine = ["backfilled", "same-second", "restored", "torn-up", "other-kind"];
    expect(mine.filter((id) => all.includes(id))).toEqual(["restored", "other-kind"]);
    expect(await search("늦은 것", { tenantId: "tenant2", userId: "user123" })).toContain("not-mine");
  });

  test("two processes, one of which deletes what the other writes: the deletion wins, every time", async () => {
    const other = await open();
    for (let n = 0; n < 20; n += 1) {
      const mail = anEvent({ eventId: `raced-${n}`, mailId: `raced-${n}`, at: 30_000 });
      await Promise.all([
        index.upsert([mail]),
        other.remove([{ tenantId: "tenant1", kind: "mail", id: `raced-${n}`, at: 30_001 }]),
      ]);
    }
    await other.close();
    expect(idsOf(await index.recent(ME, { limit: 500 })).filter((id) => id.startsWith("raced"))).toEqual([]);
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
    expect(await search("' OR 1=1 --")).toBeInstanceOf(Array);
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

  test("made anew with another embedder, it is the same to its readers", async () => {
    const other: Embedder = {
      name: "other-v1",
      dimensions: 8,
      isLocal: true,
      leastSimilarity: -1,
      embed: async (texts) => texts.map((text) => Array.from({ length: 8 }, (_, n) => text.length + n)),
    };
    const before = await index.recent(ME, { limit: 500 });
    const told: number[] = [];
    await rebuildKnowledgeIndex(folder, other, (done) => told.push(done));
    const rebuilt = await open(folder, other);
    expect(await rebuilt.recent(ME, { limit: 500 })).toEqual(before);
    expect(await rebuilt.state()).toMatchObject({ embedder: "other-v1", left: 0 });
    expect(told.at(-1)).toBeGreaterThanOrEqual(before.length);
    await rebuilt.close();
  });

  test("an index whose making was cut off is made to its end", async () => {
    const uri = mkdtempSync(join(tmpdir(), "aura-cut-"));
    const { db } = await connectTo(uri);
    await db.createEmptyTable(EVENTS_TABLE, tableSchema(createHashingEmbedder().dimensions));
    const finished = await open(uri);
    await finished.upsert([anEvent()]);
    expect(await idsIn(finished, "예산")).toEqual(["event-1"]);
    const table = await db.openTable(EVENTS_TABLE);
    expect((await table.listIndices()).flatMap(({ columns }) => columns).sort()).toEqual([
      "audience",
      "id",
      "pieces",
      "tenantId",
    ]);
    await finished.close();
    rmSync(uri, { recursive: true });
  });

  test("refuses rows of another form than it writes, until they are written anew", async () => {
    const uri = mkdtempSync(join(tmpdir(), "aura-old-"));
    const made = await open(uri);
    await made.upsert([anEvent({ source: "mail", mailId: "mail-1" })]);
    await made.close();
    const { db } = await connectTo(uri);
    const table = await db.openTable(EVENTS_TABLE);
    const [{ vector: _, embedded: ___, ...row }] = (await table.query().toArray()).map((each) => ({
      ...each,
    }));
    await table.dropColumns(["pieces", "audience"]);
    const [meta] = await (await db.openTable("index_meta")).query().toArray();
    const { format: __, ...older } = { ...meta };
    await db.createTable("index_meta", [older], { mode: "overwrite" });

    await expect(open(uri)).rejects.toThrow(/another version.*knowledge rebuild/);
    expect(await rebuildKnowledgeIndex(uri, createHashingEmbedder(), () => {})).toBe(1);
    const rebuilt = await open(uri);
    expect(await idsIn(rebuilt, "예산")).toEqual(["event-1"]);
    await rebuilt.close();
    const [name] = (await db.tableNames()).filter((each) => each.startsWith(EVENTS_TABLE));
    const [rewritten] = await (await db.openTable(name ?? "")).query().toArray();
    expect({ ...rewritten }).toMatchObject({ ...row });
    rmSync(uri, { recursive: true });
  });
});
