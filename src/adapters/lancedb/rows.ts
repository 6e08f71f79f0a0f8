import { createHash } from "node:crypto";
import { Bool, Field, FixedSizeList, Float32, Float64, Schema, Utf8 } from "apache-arrow";
import { z } from "zod";
import { piecesOf } from "../../knowledge/words.ts";
import type { FoundEvent } from "../../ports/knowledge-index.ts";
import { type KnowledgeEvent, readerOf } from "../../records/domain-event.ts";
import { FIRST } from "./vector-column.ts";

/** One event as the table keeps it; an empty text stands for what is not there. */
type Row = Record<string, string | number | boolean | number[] | null>;

const text = (name: string) => new Field(name, new Utf8(), false);

/** @param dimensions of the vectors */
export function tableSchema(dimensions: number): Schema {
  return new Schema([
    ...["id", "audience", "tenantId", "userId", "eventId", "eventType", "source", "mailId", "documentId"].map(
      text,
    ),
    new Field("at", new Float64(), false),
    text("text"),
    text("pieces"),
    text("payload"),
    new Field(FIRST.vector, new FixedSizeList(dimensions, new Field("item", new Float32(), true)), true),
    new Field(FIRST.done, new Bool(), true),
  ]);
}

/** Columns of what a search finds: every other one would make it slower. */
export const SHOWN = ["eventId", "eventType", "at", "text"];

/** Columns that an event is made of. */
export const COLUMNS = [
  ...["tenantId", "userId", "eventId", "eventType", "source", "mailId", "documentId"],
  ...["at", "text", "payload"],
];

/** Without its vectors. */
export function toRow(event: KnowledgeEvent): Row {
  const { tenantId, userId, eventId, eventType, at, source = "", mailId = "", documentId = "" } = event;
  return {
    id: keyOf(tenantId, eventId),
    audience: audience(tenantId, readerOf(event)),
    ...{ tenantId, userId, eventId, eventType, source, mailId, documentId, at },
    text: event.text,
    pieces: pieces(event.text),
    payload: JSON.stringify(event.payload),
  };
}

/** Names one row: ids of any characters make one key. */
export function keyOf(...ids: string[]): string {
  return createHash("sha256").update(JSON.stringify(ids)).digest("hex");
}

/**
 * Who may find a row, as one text: of a tenant everybody (null) or one person. One indexed column answers
 * what would else be three conditions.
 */
export function audience(tenantId: string, reader: string | null): string {
  return JSON.stringify([tenantId, reader]);
}

/** A text for the index of words, which takes it apart at the spaces. */
function pieces(text: string): string {
  return piecesOf(text).join(" ");
}

const shown = z.object({ eventId: z.string(), eventType: z.string(), at: z.number(), text: z.string() });

export function toFound(row: unknown): FoundEvent {
  return shown.parse(row);
}

const stored = shown.extend({
  tenantId: z.string(),
  userId: z.string(),
  source: z.string(),
  mailId: z.string(),
  documentId: z.string(),
  payload: z.string().transform((json): Record<string, unknown> => JSON.parse(json)),
});

export function fromRow(row: unknown): KnowledgeEvent {
  const { source, mailId, documentId, ...event } = stored.parse(row);
  return {
    ...event,
    ...(source && { source }),
    ...(mailId && { mailId }),
    ...(documentId && { documentId }),
  };
}

/** A text as SQL has it. Ids are the publishers': they may hold anything. */
export function sqlString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
