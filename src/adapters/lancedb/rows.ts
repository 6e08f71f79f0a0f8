import { Field, FixedSizeList, Float32, Float64, Schema, Utf8 } from "apache-arrow";
import { z } from "zod";
import { rowKey } from "../../knowledge/embedder.ts";
import type { KnowledgeEvent } from "../../knowledge/event.ts";
import type { FoundEvent } from "../../ports/knowledge-index.ts";

/** One event as the table keeps it; an empty text stands for what is not there. */
export type Row = Record<string, string | number | number[]>;

const text = (name: string) => new Field(name, new Utf8(), false);

/** @param dimensions of the vectors */
export function tableSchema(dimensions: number): Schema {
  return new Schema([
    ...["id", "tenantId", "userId", "eventId", "eventType", "source", "mailId", "documentId"].map(text),
    new Field("at", new Float64(), false),
    text("text"),
    text("payload"),
    new Field("vector", new FixedSizeList(dimensions, new Field("item", new Float32(), true)), false),
  ]);
}

/** Columns that are read back. */
export const COLUMNS = [
  ...["tenantId", "userId", "eventId", "eventType", "source", "mailId", "documentId"],
  ...["at", "text", "payload"],
];

export function toRow(event: KnowledgeEvent, vector: number[]): Row {
  const { tenantId, userId, eventId, eventType, at, source = "", mailId = "", documentId = "" } = event;
  return {
    id: rowKey(tenantId, eventId),
    ...{ tenantId, userId, eventId, eventType, source, mailId, documentId, at },
    text: event.text,
    payload: JSON.stringify(event.payload),
    vector,
  };
}

const stored = z.object({
  tenantId: z.string(),
  userId: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  source: z.string(),
  mailId: z.string(),
  documentId: z.string(),
  at: z.number(),
  text: z.string(),
  payload: z.string().transform((json): Record<string, unknown> => JSON.parse(json)),
});

export function fromRow(row: unknown, score: number): FoundEvent {
  const { source, mailId, documentId, ...event } = stored.parse(row);
  return {
    ...event,
    ...(source && { source }),
    ...(mailId && { mailId }),
    ...(documentId && { documentId }),
    score,
  };
}

/** A text as SQL has it. Ids are the publishers': they may hold anything. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
