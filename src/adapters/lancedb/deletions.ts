import type { Connection, Table } from "@lancedb/lancedb";
import { Field, Float64, Schema, Utf8 } from "apache-arrow";
import { z } from "zod";
import type { KnowledgeDeletion, KnowledgeDocument } from "../../ports/knowledge-index.ts";
import type { KnowledgeEvent } from "../../records/domain-event.ts";
import type { Indexes } from "./connect.ts";
import { keyOf, sqlString } from "./rows.ts";

/**
 * What was deleted, and when. An event of it that comes later and is older - from another process that took
 * it first, from a backfill - would else bring back what somebody wanted to be gone.
 */
export interface Deletions {
  readonly table: Table;
  /** Of several deletions of a document the newest stays. */
  record(deletions: readonly KnowledgeDeletion[]): Promise<void>;
  /** The deletions of what these events are about. */
  of(events: readonly KnowledgeEvent[]): Promise<KnowledgeDeletion[]>;
}

const DELETIONS = "deletions";
const schema = new Schema([
  ...["key", "tenantId", "kind", "id"].map((name) => new Field(name, new Utf8(), false)),
  new Field("at", new Float64(), false),
]);
const stored = z.object({
  tenantId: z.string(),
  kind: z.enum(["mail", "document"]),
  id: z.string(),
  at: z.number(),
});

export async function openDeletions(db: Connection, indexes: Indexes): Promise<Deletions> {
  const table = await db.createEmptyTable(DELETIONS, schema, { mode: "create", existOk: true });
  if ((await table.listIndices()).length === 0) await table.createIndex("key", { config: indexes.btree() });

  return {
    table,
    async record(deletions) {
      const newest = new Map<
        string,
        { key: string; tenantId: string; kind: string; id: string; at: number }
      >();
      for (const deletion of deletions) {
        const key = keyFor(deletion);
        const known = newest.get(key);
        if (known === undefined || known.at < deletion.at) newest.set(key, { key, ...deletion });
      }
      await table
        .mergeInsert("key")
        .whenMatchedUpdateAll({ where: "target.at < source.at" })
        .whenNotMatchedInsertAll()
        .execute([...newest.values()]);
    },
    async of(events) {
      const keys = new Set(events.flatMap(documentsOf).map((each) => sqlString(keyFor(each))));
      if (keys.size === 0) return [];
      const found = await table
        .query()
        .where(`key IN (${[...keys].join(", ")})`)
        .select(["tenantId", "kind", "id", "at"])
        .toArray();
      return found.map((row) => stored.parse(row));
    },
  };
}

function documentsOf({ tenantId, mailId, documentId }: KnowledgeEvent): KnowledgeDocument[] {
  return [
    ...(mailId === undefined ? [] : [{ tenantId, kind: "mail" as const, id: mailId }]),
    ...(documentId === undefined ? [] : [{ tenantId, kind: "document" as const, id: documentId }]),
  ];
}

function keyFor({ tenantId, kind, id }: KnowledgeDocument): string {
  return keyOf(tenantId, kind, id);
}
