import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Field, FixedSizeList, Float32, Float64, Schema, Utf8 } from "apache-arrow";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectTo } from "../../../src/adapters/lancedb/connect.ts";
import { EVENTS_TABLE, openKnowledgeIndex } from "../../../src/adapters/lancedb/open.ts";
import { rebuildKnowledgeIndex } from "../../../src/adapters/lancedb/rebuild.ts";
import { toRow } from "../../../src/adapters/lancedb/rows.ts";
import { createOpenAiEmbedder } from "../../../src/adapters/openai-embedder.ts";
import { createHashingEmbedder, type Embedder } from "../../../src/knowledge/embedder.ts";
import type { KnowledgeIndex } from "../../../src/ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../../../src/records/domain-event.ts";
import { range } from "../../contracts/harness.ts";
import {
  type Answer,
  type Asked,
  type EmbeddingServer,
  startEmbeddingServer,
} from "../../helpers/embedding-server.ts";
import { anEvent } from "../../helpers/knowledge.ts";
import { MEANING_DIMENSIONS, meaningVectors } from "../../helpers/meaning.ts";

const ME = { tenantId: "tenant1", userId: "user123" };
const OTHER = { tenantId: "tenant2", userId: "user123" };
const DOWN: Answer = { status: 503 };

let folder: string;
let server: EmbeddingServer;
let logs: Record<string, any>[];
const open: KnowledgeIndex[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "aura-late-"));
  server = await startEmbeddingServer(meaningVectors, MEANING_DIMENSIONS);
  logs = [];
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((index) => index.close()));
  await server.close();
  rmSync(folder, { recursive: true });
});

const remote = (model = "bge-m3", dimensions = MEANING_DIMENSIONS): Embedder =>
  createOpenAiEmbedder({ model, dimensions, apiKey: "key", baseUrl: server.url, retries: 0 });
const opened = async (embedder: Embedder = remote(), patienceMs = 60_000) => {
  const logger = pino({}, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const index = await openKnowledgeIndex({ uri: folder, embedder, retryMs: 5, patienceMs }, logger);
  open.push(index);
  return index;
};
const closed = async (index: KnowledgeIndex) => {
  open.splice(open.indexOf(index), 1);
  await index.close();
};
const mail = (eventId: string, text: string, fields: Partial<KnowledgeEvent> = {}) =>
  anEvent({ eventId, at: 1_000, text: `Mail sent\nsubject: ${text}`, mailId: eventId, ...fields });
const found = async (index: KnowledgeIndex, text: string, owner = ME) =>
  (await index.search(owner, { text, limit: 10 })).events.map(({ eventId }) => eventId);
/** The first that is found by a word that is not in it. */
const meant = async (index: KnowledgeIndex, text: string) => (await found(index, text))[0];
const allEmbedded = (index: KnowledgeIndex) => expect.poll(async () => (await index.state()).left).toBe(0);
const isWell = (index: KnowledgeIndex) =>
  expect.poll(async () => (await index.state()).byWordsOnly).toBe(null);
const isAbout =
  (word: string) =>
  ({ input }: Asked) =>
    input.some((text) => text.includes(word));

describe("an embedder that fails", () => {
  test("costs no event: its words are found at once, by whom they are meant for, and its meaning when it is back", async () => {
    server.always(DOWN);
    const index = await opened();
    await index.upsert([
      mail("budget", "분기 예산"),
      mail("trip", "출장 품의"),
      mail("foreign", "예산", OTHER),
    ]);
    const search = () => index.search(ME, { text: "예산을", limit: 10 });
    expect(await search()).toMatchObject({ events: [{ eventId: "budget" }], left: 2 });
    await expect.poll(search).toMatchObject({ byWordsOnly: "the server answered 503" });
    expect(await found(index, "예산", OTHER)).toEqual(["foreign"]);
    expect(await found(index, "vacation")).toEqual([]);
    expect(await index.state()).toEqual({
      ...{ embedder: "openai:bge-m3", dimensions: MEANING_DIMENSIONS },
      ...{ byWordsOnly: "the server answered 503", left: 3 },
    });
    server.always(null);
    await allEmbedded(index);
    expect(await meant(index, "travel")).toBe("trip");
    expect(await index.search(ME, { text: "travel", limit: 1 })).toMatchObject({
      byWordsOnly: null,
      left: 0,
    });
    expect(await index.state()).toMatchObject({ byWordsOnly: null, left: 0 });
    expect(logs.filter(({ level, msg }) => level === 40 && /the embedder fails/.test(msg))).toHaveLength(1);
    expect(logs.filter(({ msg }) => msg === "the embedder answers again")).toHaveLength(1);
    expect(JSON.stringify(logs)).not.toContain("SECRET");
  });

  test("while something is looked for: the answer is by words, and it is asked in the background whether it is back", async () => {
    const index = await opened();
    await index.upsert([mail("trip", "출장 품의")]);
    await allEmbedded(index);
    await isWell(index);
    server.always({ drop: true });
    expect(await index.search(ME, { text: "출장", limit: 5 })).toMatchObject({
      events: [{ eventId: "trip" }],
      byWordsOnly: expect.stringContaining("cannot be reached"),
    });
    server.always(null);
    await expect.poll(async () => (await index.state()).byWordsOnly).toBe(null);
    expect(await meant(index, "travel")).toBe("trip");
  });

  test("that is silent keeps nobody waiting for longer than is said, neither a search nor the end", async () => {
    const index = await opened(remote(), 20);
    await index.upsert([mail("trip", "출장 품의")]);
    await allEmbedded(index);
    await isWell(index);
    server.always({ silent: "all" });
    expect(await index.search(ME, { text: "출장", limit: 5 })).toMatchObject({
      events: [{ eventId: "trip" }],
      byWordsOnly: "the server did not answer in time",
    });
    await closed(index);
  });

  test("is not blamed for a process that ends while it answers", async () => {
    server.always({ silent: "all" });
    const index = await opened();
    await server.requests.reached(1);
    await closed(index);
    expect(logs.filter(({ level }) => level >= 40)).toEqual([]);
  });

  test("is made up for by the next process", async () => {
    server.always(DOWN);
    const first = await opened();
    await first.upsert(
      range(100)
        .map((n) => mail(`mail-${n}`, `편지 ${n}`))
        .concat(mail("trip", "출장 품의")),
    );
    await closed(first);
    server.always(null);
    const second = await opened();
    await allEmbedded(second);
    expect(await meant(second, "travel")).toBe("trip");
  });
});

describe("similarities", () => {
  test("decide what is found by meaning: an unrelated question finds nothing", async () => {
    const index = await opened();
    await index.upsert([
      mail("trip", "출장 품의"),
      mail("lunch", "점심 식사"),
      mail("contract", "계약서 초안"),
    ]);
    await allEmbedded(index);
    expect(await found(index, "business trip")).toEqual(["trip"]);
    expect(await found(index, "who painted the Mona Lisa?")).toEqual([]);
    expect(await found(index, "바다낚시 포인트")).toEqual([]);
    expect(
      logs.find(({ msg }) => msg === "similarities of the embedder were measured")?.least,
    ).toBeGreaterThan(0.2);
  });

  test("that say nothing are not used: words are, and the state says why, until the model is mended", async () => {
    const answer = Promise.withResolvers<void>();
    let isMended = false;
    await server.close();
    server = await startEmbeddingServer(async (texts) => {
      await answer.promise;
      return isMended ? meaningVectors(texts) : texts.map(() => range(MEANING_DIMENSIONS).map((n) => n + 1));
    }, MEANING_DIMENSIONS);
    const index = await opened();
    expect((await index.state()).byWordsOnly).toBe("the embedder has not answered yet");
    answer.resolve();
    await index.upsert([mail("trip", "출장 품의"), mail("lunch", "점심")]);
    const reason = "openai:bge-m3 does not tell texts about one thing from texts about others";
    await expect
      .poll(() => index.search(ME, { text: "출장", limit: 5 }))
      .toMatchObject({
        events: [{ eventId: "trip" }],
        byWordsOnly: reason,
      });
    expect(await index.state()).toMatchObject({ byWordsOnly: reason, left: 2 });
    expect(server.asked.filter(isAbout("품의"))).toEqual([]);
    isMended = true;
    await allEmbedded(index);
    expect(await meant(index, "travel")).toBe("trip");
    expect(logs.filter(({ msg }) => /the embedder fails/.test(msg))).toHaveLength(1);
  });
});

describe("events that change while they are embedded", () => {
  test("stay as they have become", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await server.close();
    server = await startEmbeddingServer(async (texts) => {
      if (texts.some((text) => text.includes("changing"))) {
        asked.resolve();
        await answer.promise;
      }
      return meaningVectors(texts);
    }, MEANING_DIMENSIONS);
    const index = await opened();
    const changed = [
      mail("changed", "changing 출장"),
      mail("deleted", "changing 출장"),
      mail("newer", "changing 출장"),
    ];
    await index.upsert(changed);
    await asked.promise;
    await index.upsert([mail("changed", "예산"), mail("newer", "예산", { at: 2_000 })]);
    await index.remove([{ tenantId: "tenant1", kind: "mail", id: "deleted", at: 5_000 }]);
    answer.resolve();
    await allEmbedded(index);
    const texts = await index.recent(ME, { limit: 10 });
    expect(texts.map(({ eventId, text }) => [eventId, text])).toEqual([
      ["newer", "Mail sent\nsubject: 예산"],
      ["changed", "Mail sent\nsubject: 예산"],
    ]);
    expect((await found(index, "budget")).sort()).toEqual(["changed", "newer"]);
  });

  test("a corrected one is not found by what it said before", async () => {
    const index = await opened();
    await index.upsert([mail("corrected", "출장")]);
    await allEmbedded(index);
    server.always(DOWN);
    await index.upsert([mail("corrected", "점심")]);
    expect((await index.state()).left).toBe(1);
    server.always(null);
    await allEmbedded(index);
    expect(await meant(index, "lunch")).toBe("corrected");
  });
});

describe("a text that the embedder does not take", () => {
  const refusing = (isBad: (text: string) => boolean) =>
    server.always(({ input }) => (input.some(isBad) ? { status: 400 } : null));

  test("has its words, and the others of its batch have their meaning", async () => {
    refusing((text) => text.includes("독"));
    const index = await opened();
    await index.upsert(range(20).map((n) => mail(`mail-${n}`, n % 7 === 0 ? `독 ${n}` : `출장 ${n}`)));
    await allEmbedded(index);
    expect(await found(index, "독 14")).toContain("mail-14");
    expect(await found(index, "travel")).toHaveLength(10);
    expect((await index.state()).byWordsOnly).toBe(null);
  });

  test("because it is too long is embedded as far as it goes", async () => {
    refusing((text) => text.length > 1_500);
    const index = await opened();
    await index.upsert([mail("long", "출장 ".repeat(2_500)), mail("short", "점심")]);
    await allEmbedded(index);
    expect(await meant(index, "travel")).toBe("long");
  });

  test("when it takes none at all, it is the embedder that fails", async () => {
    refusing(() => true);
    const index = await opened();
    await index.upsert([mail("trip", "출장")]);
    await server.requests.reached(3);
    expect((await index.state()).left).toBe(1);
    refusing(() => false);
    await allEmbedded(index);
    expect(await meant(index, "travel")).toBe("trip");
  });
});

describe("an index that another embedder has made", () => {
  const localIndex = async () => {
    const local = await opened(createHashingEmbedder());
    await local.upsert([mail("trip", "출장 품의"), mail("lunch", "점심"), mail("foreign", "출장", OTHER)]);
    return local;
  };

  test("is read by words, and by meaning when it is embedded anew, which the next start goes on with", async () => {
    await closed(await localIndex());
    server.always(DOWN);
    const index = await opened();
    expect(await index.search(ME, { text: "출장", limit: 5 })).toMatchObject({
      events: [{ eventId: "trip" }],
      left: 2,
    });
    await closed(index);
    server.always(null);
    const next = await opened();
    await allEmbedded(next);
    expect(await meant(next, "travel")).toBe("trip");
    expect(await found(next, "travel", OTHER)).toContain("foreign");
  });

  test("of the same model with other dimensions as well; and back again, nothing has to be done", async () => {
    const wide = await opened();
    await wide.upsert([mail("trip", "출장 품의")]);
    await allEmbedded(wide);
    await closed(wide);
    const narrow = await opened(remote("bge-m3", 64));
    await allEmbedded(narrow);
    await closed(narrow);
    const asked = server.asked.filter(isAbout("출장")).length;
    const again = await opened();
    await isWell(again);
    expect(await again.search(ME, { text: "travel", limit: 1 })).toMatchObject({
      events: [{ eventId: "trip" }],
      left: 0,
    });
    expect(server.asked.filter(isAbout("출장"))).toHaveLength(asked);
  });

  test("may still be in use by it: each process adds its own vectors, and none those of the other", async () => {
    const local = await localIndex();
    const index = await opened();
    await index.upsert([mail("contract", "계약서 초안")]);
    await local.upsert([mail("training", "신입 교육")]);
    await Promise.all([allEmbedded(index), allEmbedded(local)]);
    expect(await meant(index, "course")).toBe("training");
    expect(await local.search(ME, { text: "계약서", limit: 1 })).toMatchObject({
      events: [{ eventId: "contract" }],
      left: 0,
    });
    const asked = server.asked.filter(isAbout("신입")).length;
    await Promise.all([allEmbedded(index), allEmbedded(local)]);
    expect(server.asked.filter(isAbout("신입"))).toHaveLength(asked);
  });

  test("corrects an event for all of them: no other's vector is left of what it said before", async () => {
    const local = await localIndex();
    const index = await opened();
    await allEmbedded(index);
    server.always(DOWN);
    await local.upsert([mail("trip", "교육 신청", { at: 2_000 })]);
    expect((await index.state()).left).toBe(1);
    server.always(null);
    await allEmbedded(index);
    expect(await found(index, "travel")).toEqual([]);
    expect(await found(index, "course")).toEqual(["trip"]);
  });

  test("can be made anew at once: nothing is left to do for the next start", async () => {
    await closed(await localIndex());
    expect(await rebuildKnowledgeIndex(folder, remote(), () => {})).toBe(3);
    server.always((asked) => (isAbout("출장")(asked) ? DOWN : null));
    const index = await opened();
    await isWell(index);
    expect(await index.search(ME, { text: "travel", limit: 1 })).toMatchObject({
      events: [{ eventId: "trip" }],
      left: 0,
    });
  });
});

describe("an index that was written before events could be without a vector", () => {
  /** As it was made until decision 61. */
  const writeOld = async (events: readonly KnowledgeEvent[]) => {
    const embedder = createHashingEmbedder();
    const { db, indexes } = await connectTo(folder);
    const names = [
      "id",
      "audience",
      "tenantId",
      "userId",
      "eventId",
      "eventType",
      "source",
      "mailId",
      "documentId",
    ];
    const text = (name: string) => new Field(name, new Utf8(), false);
    const vector = new FixedSizeList(embedder.dimensions, new Field("item", new Float32(), true));
    const table = await db.createEmptyTable(
      EVENTS_TABLE,
      new Schema([
        ...names.map(text),
        new Field("at", new Float64(), false),
        ...["text", "pieces", "payload"].map(text),
        new Field("vector", vector, false),
      ]),
    );
    await table.createIndex("pieces", {
      config: indexes.fts({ baseTokenizer: "whitespace", stem: false, removeStopWords: false }),
    });
    await table.createIndex("id", { config: indexes.btree() });
    await table.createIndex("audience", { config: indexes.bitmap() });
    await table.createIndex("tenantId", { config: indexes.bitmap() });
    const write = async (more: readonly KnowledgeEvent[]) => {
      const vectors = await embedder.embed(more.map((event) => event.text));
      await table
        .mergeInsert("id")
        .whenMatchedUpdateAll({ where: "target.at <= source.at" })
        .whenNotMatchedInsertAll()
        .execute(more.map((event, at) => ({ ...toRow(event), vector: vectors[at] })));
    };
    await write(events);
    const meta = { table: EVENTS_TABLE, embedder: embedder.name, dimensions: embedder.dimensions, format: 2 };
    await db.createTable("index_meta", [meta]);
    return write;
  };

  test("opens and works with the embedder that made it: nothing is embedded again", async () => {
    const events = [mail("trip", "출장 품의"), mail("lunch", "점심"), mail("foreign", "출장", OTHER)];
    await writeOld(events);
    const index = await opened(createHashingEmbedder());
    expect((await index.state()).left).toBe(0);
    expect(await found(index, "출장")).toContain("trip");
    await index.upsert([mail("lunch", "저녁", { at: 2_000 }), mail("new", "새 편지")]);
    await index.remove([{ tenantId: "tenant1", kind: "mail", id: "trip", at: 3_000 }]);
    expect((await index.recent(ME, { limit: 10 })).map(({ eventId }) => eventId)).toEqual(["lunch", "new"]);
    expect(await index.search(ME, { text: "저녁", limit: 1 })).toMatchObject({
      events: [{ eventId: "lunch" }],
      left: 0,
    });
  });

  test("and with another; a process of the version before goes on writing to it", async () => {
    const write = await writeOld([mail("trip", "출장 품의")]);
    const index = await opened();
    await allEmbedded(index);
    await write([mail("late", "계약서"), mail("trip", "출장 취소", { at: 2_000 })]);
    await expect.poll(() => meant(index, "agreement")).toBe("late");
    expect(await found(index, "취소")).toContain("trip");
    const local = await opened(createHashingEmbedder());
    await allEmbedded(local);
    expect(await found(local, "계약서")).toContain("late");
  });
});

test("two processes share what is left, and lose none of it", async () => {
  server.always(DOWN);
  const index = await opened();
  await index.upsert(range(200).map((n) => mail(`mail-${n}`, `편지 ${n}`)));
  const second = await opened();
  server.always(null);
  await Promise.all([allEmbedded(index), allEmbedded(second)]);
  expect(await index.recent(ME, { limit: 500 })).toHaveLength(200);
  const texts = server.asked.flatMap(({ input }) => input).filter((text) => text.includes("편지"));
  expect(new Set(texts).size).toBe(200);
});

test("whatever the embedder answers, events are taken and their words are found", async () => {
  const answers: fc.Arbitrary<Answer> = fc.oneof(
    fc.record({ json: fc.jsonValue({ maxDepth: 4 }) }),
    fc.record({
      json: fc.record({ data: fc.array(fc.record({ index: fc.nat(2), embedding: fc.array(fc.double()) })) }),
    }),
    fc.record({ text: fc.string({ unit: "binary" }) }),
    fc.record({ status: fc.integer({ min: 400, max: 599 }), body: fc.string() }),
    fc.constant<Answer>({ drop: true }),
  );
  const index = await opened();
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 4 }), async (all) => {
      let turn = 0;
      server.always(() => all[turn++ % all.length] ?? null);
      n += 1;
      await index.upsert([mail(`fuzzed-${n}`, `표식${n}번 letter${n}x`)]);
      for (const text of [`표식${n}번`, `letter${n}x`]) {
        const { events } = await index.search(ME, { text, limit: 100 });
        expect(events.map(({ eventId }) => eventId)).toContain(`fuzzed-${n}`);
      }
    }),
    { numRuns: 60 },
  );
  server.always(null);
  await allEmbedded(index);
});
