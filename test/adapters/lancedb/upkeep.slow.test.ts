import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTo } from "../../../src/adapters/lancedb/connect.ts";
import { EVENTS_TABLE, openKnowledgeIndex } from "../../../src/adapters/lancedb/open.ts";
import { rebuildKnowledgeIndex } from "../../../src/adapters/lancedb/rebuild.ts";
import { toRow } from "../../../src/adapters/lancedb/rows.ts";
import type { Embedder } from "../../../src/knowledge/embedder.ts";
import type { KnowledgeIndex } from "../../../src/ports/knowledge-index.ts";
import { range } from "../../contracts/harness.ts";
import { anEvent } from "../../helpers/knowledge.ts";

const ME = { tenantId: "tenant1", userId: "user123" };
const LARGE = 50_000;
const DIMENSIONS = 128;

/** Vectors that differ and cost nothing. */
const vectorOf = (text: string) =>
  range(DIMENSIONS).map((at) => Math.sin(Number(text.split(" ").at(-1)) * (at + 1)));
const embedder: Embedder = {
  name: "sines",
  dimensions: DIMENSIONS,
  isLocal: true,
  leastSimilarity: -1,
  embed: async (texts) => texts.map(vectorOf),
};
const event = (n: number) => anEvent({ eventId: `e-${n}`, at: n, text: `number ${n}` });

let folder: string;
let index: KnowledgeIndex;
let table: Table;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aura-upkeep-"));
  index = await openKnowledgeIndex({ uri: folder, embedder }, pino({ level: "silent" }));
  table = await (await connectTo(folder)).db.openTable(EVENTS_TABLE);
});
afterAll(async () => {
  await index.close();
  table.close();
  rmSync(folder, { recursive: true });
});

const isVectors = ({ columns }: { columns: string[] }) => columns.includes("vector");
const vectorParts = async () => {
  const known = (await table.listIndices()).find(isVectors);
  return known === undefined ? 0 : (await table.indexStats(known.name))?.numIndices;
};
/** In every index, those that are made by the upkeep alone included. */
const unindexed = async () =>
  Math.max(...(await table.listIndices()).map(({ numUnindexedRows }) => numUnindexedRows ?? 0));
const write = (from: number, count: number) => index.upsert(range(count).map((at) => event(from + at)));

test("what is written is in every index in the end, a few rows in quiet times too", async () => {
  await write(0, 2_000);
  await expect.poll(unindexed).toBe(0);
  // Too few for an upkeep of their own, until nothing more comes.
  for (const at of range(3)) await write(2_000 + at * 50, 50);
  await expect.poll(unindexed).toBe(0);
  expect(await vectorParts()).toBe(0);
});

test("a large index gets one of its vectors, which is made anew when it has fallen apart; what is in it is found", async () => {
  const rows = range(LARGE).map((at) => event(10_000 + at));
  await table.add(rows.map((each) => ({ ...toRow(each), vector: vectorOf(each.text), embedded: true })));
  await write(100_000, 2_000);
  await expect.poll(vectorParts).toBeGreaterThan(0);
  const parts: unknown[] = [];
  for (const at of range(6)) {
    await write(110_000 + at * 2_000, 2_000);
    await expect.poll(unindexed).toBe(0);
    parts.push(await vectorParts());
  }
  expect(parts).toContain(1);
  expect(await vectorParts()).toBeLessThanOrEqual(4);
  for (const n of [0, 10_000, 59_999, 100_001, 121_999]) {
    const found = await index.search(ME, { text: `number ${n}`, limit: 5 });
    expect(found.events.map(({ eventId }) => eventId)).toContain(`e-${n}`);
  }
});

test("a large index that is made anew has one too, at once", async () => {
  const { db } = await connectTo(folder);
  const rows = await table.countRows();
  expect(await rebuildKnowledgeIndex(folder, { ...embedder, name: "other" }, () => {})).toBe(rows);
  const rebuilt = (await db.tableNames()).find((name) => name.startsWith(`${EVENTS_TABLE}_`));
  const indices = await (await db.openTable(rebuilt ?? "")).listIndices();
  expect(indices.find(isVectors)).toMatchObject({ numIndexedRows: rows, numUnindexedRows: 0 });
  expect(Math.max(...indices.map(({ numUnindexedRows }) => numUnindexedRows ?? 0))).toBe(0);
});
