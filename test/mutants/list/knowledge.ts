import type { Mutant } from "../mutant.ts";

const INDEX = ["test/adapters/lancedb/index.integration.test.ts"];
const LATE = ["test/adapters/lancedb/late-vectors.integration.test.ts"];

/** Who finds which domain event. */
export const KNOWLEDGE: readonly Mutant[] = [
  {
    promise: "a mail is found by its user alone",
    file: "src/adapters/lancedb/rows.ts",
    source: "audience(tenantId, readerOf(event))",
    replacement: "audience(tenantId, null)",
    tests: INDEX,
  },
  {
    promise: "an event is found in its tenant alone",
    file: "src/adapters/lancedb/rows.ts",
    source: "return JSON.stringify([tenantId, reader]);",
    replacement: "return JSON.stringify([reader]);",
    tests: INDEX,
  },
  {
    promise: "what was deleted stays deleted, whoever writes later",
    file: "src/adapters/lancedb/knowledge-index.ts",
    source: "if (gone.length > 0) await",
    replacement: "if (gone.length < 0) await",
    tests: INDEX,
  },
  {
    promise: "an id in a filter is data, never SQL",
    file: "src/adapters/lancedb/rows.ts",
    source: `value.replaceAll("'", "''")`,
    replacement: "value",
    tests: INDEX,
  },
  {
    promise: "who names an id finds what they may find, and nothing else",
    file: "src/adapters/lancedb/search.ts",
    source: "[where, named]",
    replacement: "[named]",
    tests: INDEX,
  },
  {
    promise: "what has nothing to do with the query is not found by a word",
    file: "src/adapters/lancedb/search.ts",
    source: "if (share >= RELEVANT_SHARE) relevant",
    replacement: "relevant",
    tests: INDEX,
  },
  {
    promise: "what has nothing to do with the query is not found by its vector",
    file: "src/adapters/lancedb/search.ts",
    source: ">= least)",
    replacement: ">= -1)",
    tests: LATE,
  },
  {
    promise: "an event that is changed while it is embedded stays as it has become",
    file: "src/adapters/lancedb/catch-up.ts",
    source: "target.at = source.at AND target.text = source.text",
    replacement: "true",
    tests: LATE,
  },
  {
    promise: "a corrected event has no vector of what it said before",
    file: "src/adapters/lancedb/knowledge-index.ts",
    source: "...none, [column",
    replacement: "[column",
    tests: LATE,
  },
  {
    promise: "events are stored while the embedder fails",
    file: "src/adapters/lancedb/knowledge-index.ts",
    source: "embedder.isLocal ? embedder.embed",
    replacement: "embedder.name ? embedder.embed",
    tests: LATE,
  },
  {
    promise: "an event that comes twice is taken once",
    file: "src/adapters/redis/scripts/add-knowledge.lua",
    source: "'NX', ",
    replacement: "",
    tests: ["test/adapters/redis/backend.integration.test.ts"],
  },
];
