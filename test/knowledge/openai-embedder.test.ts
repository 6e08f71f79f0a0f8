import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOpenAiEmbedder } from "../../src/adapters/openai-embedder.ts";

interface Asked {
  model: string;
  dimensions?: number;
  input: string[];
}

let server: Server;
let asked: Asked[];
let authorization: unknown[];
/** Status codes of the next answers; then 200. */
let failures: number[];

/** How long the vectors of a model are that nobody asks. */
const NATIVE = 1024;

/** The text's length at the place of its number: tells whose vector is whose. */
const vectorOf = (text: string, dimensions: number) =>
  Array.from({ length: dimensions }, (_, at) => (at === 0 ? text.length : 0));

beforeEach(async () => {
  [asked, authorization, failures] = [[], [], []];
  server = createServer(async (request, response) => {
    const body = (await json(request)) as Asked & { encoding_format?: string };
    authorization.push(request.headers.authorization);
    const status = failures.shift() ?? 200;
    // OpenAI says with its 429 when to come back; LangChain asks again only then.
    const wait = status === 429 ? { "retry-after": "0" } : {};
    response.writeHead(status, { "content-type": "application/json", ...wait });
    if (status !== 200) return response.end(JSON.stringify({ error: { message: "busy" } }));
    asked.push(body);
    const data = body.input.map((text, index) => {
      const vector = vectorOf(text, body.dimensions ?? NATIVE);
      const base64 = () => Buffer.from(new Float32Array(vector).buffer).toString("base64");
      return { index, embedding: body.encoding_format === "base64" ? base64() : vector };
    });
    return response.end(JSON.stringify({ data, model: body.model, usage: {} }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const embedder = (model = "text-embedding-3-small", dimensions = 1536) =>
  createOpenAiEmbedder({
    model,
    dimensions,
    apiKey: "key",
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
  });

test("texts are embedded in batches of up to 64, and every text gets its own vector", async () => {
  const texts = Array.from({ length: 150 }, (_, at) => "x".repeat(at + 1));
  const vectors = await embedder().embed(texts);
  expect(asked.map(({ input }) => input.length).sort((a, b) => a - b)).toEqual([22, 64, 64]);
  expect(asked[0]).toMatchObject({ model: "text-embedding-3-small", dimensions: embedder().dimensions });
  expect(authorization[0]).toBe("Bearer key");
  expect(vectors.map(([length]) => length)).toEqual(texts.map(({ length }) => length));
  expect(vectors.every(({ length }) => length === embedder().dimensions)).toBe(true);
});

test("other models are not asked for a length; one that gives another than the index has is refused", async () => {
  expect((await embedder("bge-m3", NATIVE).embed(["hello"]))[0]).toHaveLength(NATIVE);
  expect(asked[0]).not.toHaveProperty("dimensions");
  await expect(embedder("bge-m3", 768).embed(["hello"])).rejects.toThrow(
    "bge-m3 gave vectors of 1024 numbers, and AURA_EMBEDDING_DIMENSIONS is 768",
  );
});

test("a server that is busy is asked again", async () => {
  failures = [503, 429];
  expect(await embedder().embed(["hello"])).toHaveLength(1);
  expect(authorization).toHaveLength(3);
});

test("one that refuses is not: the events wait in their queue", async () => {
  failures = [401];
  await expect(embedder().embed(["hello"])).rejects.toThrow(/busy|401/);
  expect(authorization).toHaveLength(1);
});
