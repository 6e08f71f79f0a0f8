import { pino } from "pino";
import { expect, test } from "vitest";
import { indexSettings } from "../../src/compose-knowledge.ts";
import { loadConfig } from "../../src/config.ts";

const embedderOf = (env: Record<string, string>) => {
  const config = loadConfig({ JWT_SECRET: "x".repeat(32), ...env });
  const { name, dimensions } = indexSettings(config, pino({ level: "silent" })).embedder;
  return [name, dimensions];
};
const KEY = { OPENAI_API_KEY: "key" };
const SERVER = { OPENAI_BASE_URL: "http://127.0.0.1:11434/v1" };
const BGE = { AURA_EMBEDDING_MODEL: "bge-m3", AURA_EMBEDDING_DIMENSIONS: "1024" };

test.each<[string, Record<string, string>, unknown[]]>([
  ["nothing", {}, ["hashing-v2", 256]],
  ["a key: OpenAI's", KEY, ["openai:text-embedding-3-small", 1536]],
  ["a base URL: nobody knows what that server has", SERVER, ["hashing-v2", 256]],
  ["a base URL with a key: the key is that server's", { ...SERVER, ...KEY }, ["hashing-v2", 256]],
  ["a model of another server", { ...SERVER, ...BGE }, ["openai:bge-m3", 1024]],
  [
    "OpenAI's model, by its name, through another server",
    { ...SERVER, ...KEY, AURA_EMBEDDING_MODEL: "openai/text-embedding-3-large" },
    ["openai:openai/text-embedding-3-large", 1536],
  ],
  ["a length without a model", { AURA_EMBEDDING_DIMENSIONS: "512" }, ["hashing-v2", 256]],
  [
    "a length of OpenAI's",
    { ...KEY, AURA_EMBEDDING_DIMENSIONS: "512" },
    ["openai:text-embedding-3-small", 512],
  ],
])("the embedder, with %s", (_, env, embedder) => {
  expect(embedderOf(env)).toEqual(embedder);
});

test("a model that only sounds like OpenAI's says how long its vectors are", () => {
  expect(() => embedderOf({ ...SERVER, AURA_EMBEDDING_MODEL: "text-embedding-004" })).toThrow(
    /^AURA_EMBEDDING_DIMENSIONS is required/,
  );
});
