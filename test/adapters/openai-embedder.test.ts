import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOpenAiEmbedder } from "../../src/adapters/openai-embedder.ts";
import { EmbedderError } from "../../src/knowledge/embedder.ts";
import {
  type Answer,
  base64,
  type EmbeddingServer,
  NATIVE,
  startEmbeddingServer,
} from "../helpers/embedding-server.ts";

let server: EmbeddingServer;
beforeEach(async () => {
  server = await startEmbeddingServer();
});
afterEach(() => server.close());

const embedder = (model = "text-embedding-3-small", dimensions = 1536, more = {}) =>
  createOpenAiEmbedder({ model, dimensions, apiKey: "key", baseUrl: server.url, ...more });
const bge = (more = {}) => embedder("bge-m3", NATIVE, more);
const problemOf = (embedding: Promise<unknown>) =>
  embedding.then(
    () => null,
    (error: EmbedderError) => {
      expect(error).toBeInstanceOf(EmbedderError);
      expect(error.message).not.toContain("SECRET");
      return { kind: error.kind, message: error.message };
    },
  );
/** Which number of it is the largest. */
const placeOf = (vector: readonly number[] = []) => vector.indexOf(Math.max(...vector));
const unit = (at: number, length = NATIVE) => Array.from({ length }, (_, n) => (n === at ? 1 : 0));
const entries = (...vectors: unknown[]) => vectors.map((embedding, index) => ({ index, embedding }));

test("texts are embedded in batches of up to 64, and every text gets its own vector", async () => {
  const texts = Array.from({ length: 150 }, (_, at) => "x".repeat(at + 1));
  const vectors = await embedder().embed(texts);
  expect(server.asked.map(({ input }) => input.length).sort((a, b) => a - b)).toEqual([22, 64, 64]);
  expect(server.asked[0]).toMatchObject({ model: "text-embedding-3-small", dimensions: 1536 });
  expect(server.authorization[0]).toBe("Bearer key");
  expect(vectors.map(placeOf)).toEqual(texts.map(({ length }) => length));
  expect(vectors.every(({ length }) => length === 1536)).toBe(true);
});

test("without a key no key is sent", async () => {
  await createOpenAiEmbedder({
    model: "bge-m3",
    dimensions: NATIVE,
    apiKey: undefined,
    baseUrl: server.url,
  }).embed(["x"]);
  expect(server.authorization).toEqual([undefined]);
});

describe("the length of the vectors", () => {
  test("is asked of models that take it, behind whatever prefix, and of no others", async () => {
    await embedder("openai/text-embedding-3-large", 512).embed(["hello"]);
    expect((await bge().embed(["hello"]))[0]).toHaveLength(NATIVE);
    await embedder("text-embedding-ada-002", NATIVE).embed(["hello"]);
    expect(server.asked.map(({ dimensions }) => dimensions)).toEqual([512, undefined, undefined]);
  });

  test("is asked of another model when its own is another, and never again by a way that does not go", async () => {
    const short = embedder("Qwen3-Embedding", 256);
    for (const _ of [1, 2]) expect((await short.embed(["hello"]))[0]).toHaveLength(256);
    expect(server.asked.map(({ dimensions }) => dimensions)).toEqual([undefined, 256, 256]);
  });

  test("is not sent any more to a server that refuses the field", async () => {
    server.always(({ dimensions }) => (dimensions === undefined ? null : { status: 422 }));
    const compatible = embedder("text-embedding-3-small", NATIVE);
    for (const _ of [1, 2]) expect(await compatible.embed(["hello"])).toHaveLength(1);
    expect(server.asked.map(({ dimensions }) => dimensions)).toEqual([NATIVE, undefined, undefined]);
  });

  test("that a model does not give is told, with the setting's name", async () => {
    server.always(({ dimensions }) => (dimensions === undefined ? null : { status: 400 }));
    expect(await problemOf(embedder("bge-m3", 768).embed(["hello"]))).toEqual({
      kind: "unavailable",
      message: "bge-m3 gave vectors of 1024 numbers, and AURA_EMBEDDING_DIMENSIONS is 768",
    });
  });
});

describe("what a server answers", () => {
  test("is put into the order of the texts", async () => {
    server.next({ json: { data: entries(unit(1), unit(2), unit(3)).reverse() } });
    expect((await bge().embed(["a", "b", "c"])).map(placeOf)).toEqual([1, 2, 3]);
  });

  test("may have no indexes: then the order is that of the texts", async () => {
    server.next({ json: { data: [{ embedding: unit(1) }, { embedding: unit(2), index: null }] } });
    expect((await bge().embed(["a", "b"])).map(placeOf)).toEqual([1, 2]);
  });

  test("may be base64, though nobody asked for it", async () => {
    server.next({ json: { data: entries(base64(unit(5)), unit(6)) } });
    expect((await bge().embed(["a", "b"])).map(placeOf)).toEqual([5, 6]);
    expect(server.asked[0]).not.toHaveProperty("encoding_format");
  });

  test("has length 1 whatever length it came in", async () => {
    server.next({
      json: {
        data: entries(
          unit(1).map((each) => each * 1e300),
          unit(2).map((each) => each * 1e-300),
        ),
      },
    });
    for (const vector of await bge().embed(["a", "b"])) expect(Math.hypot(...vector)).toBeCloseTo(1);
  });

  test.each<[string, unknown]>([
    ["all indexes 0", { data: [0, 0].map((index) => ({ index, embedding: unit(1) })) }],
    ["an index too far", { data: [1, 2].map((index) => ({ index, embedding: unit(1) })) }],
    ["one vector less", { data: entries(unit(1)) }],
    ["one vector more", { data: entries(unit(1), unit(2), unit(3)) }],
  ])("%s: each text is asked about alone from then on", async (_, json) => {
    server.next({ json });
    const alone = bge();
    for (const _ of [1, 2]) expect((await alone.embed(["a", "bb"])).map(placeOf)).toEqual([1, 2]);
    expect(server.asked.map(({ input }) => input.length)).toEqual([2, 1, 1, 1, 1]);
  });

  test.each<[string, Answer, RegExp]>([
    ["an error with 200", { json: { error: { message: "SECRET" } } }, /without vectors/],
    ["no list", { json: { data: {} } }, /without vectors/],
    ["a web page", { text: "<html>SECRET" }, /not JSON/],
    ["nothing", { text: "" }, /not JSON/],
    ["null in a vector", { json: { data: entries([...unit(1).slice(1), null]) } }, /not all numbers/],
    ["text in a vector", { json: { data: entries([...unit(1).slice(1), "1"]) } }, /not all numbers/],
    [
      "1e999",
      { text: `{"data":[{"index":0,"embedding":[${"1e999,".repeat(NATIVE - 1)}1]}]}` },
      /not all numbers/,
    ],
    ["NaN in base64", { json: { data: entries(base64(unit(1).map(() => Number.NaN))) } }, /not all numbers/],
    ["half a float in base64", { json: { data: entries("AAAA") } }, /not all numbers/],
    ["no base64", { json: { data: entries("") } }, /not all numbers/],
    ["zeros", { json: { data: entries(unit(-1)) } }, /without a direction/],
    ["no numbers", { json: { data: entries([]) } }, /without a direction/],
    ["a list in a list", { json: { data: entries([unit(1)]) } }, /not all numbers/],
    ["a wrong key", { status: 401 }, /answered 401: the key is refused/],
    [
      "no embeddings",
      { status: 404, body: "SECRET" },
      /answered 404: it has no such model, or no embeddings/,
    ],
  ])("%s is told in words", async (_, answer, message) => {
    server.next(answer);
    expect(await problemOf(bge().embed(["a"]))).toEqual({
      kind: "unavailable",
      message: expect.stringMatching(message),
    });
    expect(server.asked).toHaveLength(1);
  });

  test("a request that is refused may be taken with other texts", async () => {
    server.next({ status: 400 });
    expect(await problemOf(bge().embed(["a"]))).toMatchObject({ kind: "refused" });
  });
});

describe("a server that is not there, or busy", () => {
  const patient = { retries: 3, firstPauseMs: 1 };

  test("is asked again", async () => {
    server.next({ status: 503 }, { status: 429, headers: { "retry-after": "0" } }, { drop: true });
    expect(await bge(patient).embed(["hello"])).toHaveLength(1);
    expect(server.asked).toHaveLength(4);
  });

  test("is given up after some attempts, or when it asks for more patience than there is", async () => {
    server.always({ status: 503 });
    expect(await problemOf(bge(patient).embed(["a"]))).toMatchObject({
      message: expect.stringContaining("503"),
    });
    expect(server.asked).toHaveLength(4);
    server.next({ status: 429, headers: { "retry-after": "3600" } });
    expect(await problemOf(bge(patient).embed(["a"]))).toMatchObject({
      message: expect.stringContaining("429"),
    });
    expect(server.asked).toHaveLength(5);
  });

  test("is gone", async () => {
    const { url, close } = await startEmbeddingServer();
    await close();
    const gone = createOpenAiEmbedder({
      ...{ model: "bge-m3", dimensions: NATIVE, apiKey: undefined, retries: 0 },
      baseUrl: url,
    });
    expect(await problemOf(gone.embed(["a"]))).toEqual({
      kind: "unavailable",
      message: "the server cannot be reached (ECONNREFUSED)",
    });
  });

  test.each(["all", "body"] as const)("is silent (%s): the wait ends", async (silent) => {
    server.always({ silent });
    expect(await problemOf(bge({ timeoutMs: 50, retries: 0 }).embed(["a"]))).toMatchObject({
      message: "the server does not answer",
    });
    const impatient = new AbortController();
    const asking = problemOf(bge().embed(["a"], impatient.signal));
    await server.requests.reached(2);
    impatient.abort();
    expect(await asking).toMatchObject({ message: "the server did not answer in time" });
  });
});

test("whatever a server answers, there is one sound vector for every text, or a reason in words", async () => {
  const piece = fc.oneof(
    fc.constant(unit(3, 64)),
    fc.constant(base64(unit(3, 64))),
    fc.array(fc.double(), { maxLength: 70 }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const entry = fc.record(
    { index: fc.oneof(fc.nat(3), fc.jsonValue({ maxDepth: 0 })), embedding: piece },
    { requiredKeys: [] },
  );
  const answers: fc.Arbitrary<Answer> = fc.oneof(
    fc.record({ json: fc.record({ data: fc.array(entry, { maxLength: 4 }) }) }),
    fc.record({ json: fc.jsonValue({ maxDepth: 3 }) }),
    fc.record({ text: fc.string({ unit: "binary" }) }),
    fc.record({
      status: fc.constantFrom(201, 202, 300, 400, 401, 404, 413, 422, 429, 500, 503),
      body: fc.string(),
    }),
    fc.constant<Answer>({ drop: true }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { maxLength: 3 }),
      fc.array(fc.string(), { maxLength: 3 }),
      async (all, texts) => {
        for (const each of all) server.next(each);
        server.always({ json: { data: [] } });
        const asked = embedder("fuzzed", 64, { retries: 1, firstPauseMs: 1 });
        const vectors = await asked.embed(texts).catch((error: unknown) => {
          expect(error).toBeInstanceOf(EmbedderError);
          return null;
        });
        if (vectors === null) return;
        expect(vectors).toHaveLength(texts.length);
        for (const vector of vectors) {
          expect(vector).toHaveLength(64);
          expect(Math.hypot(...vector)).toBeCloseTo(1);
        }
      },
    ),
    { numRuns: 300 },
  );
});
