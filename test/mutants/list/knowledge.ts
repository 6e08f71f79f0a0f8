import type { Mutant } from "../mutant.ts";

const INDEX = ["test/knowledge/lance-index.test.ts"];

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
    promise: "an event that comes twice is taken once",
    file: "src/adapters/redis/scripts/add-knowledge.lua",
    source: "'NX', ",
    replacement: "",
    tests: ["test/backends/redis.test.ts"],
  },
];
