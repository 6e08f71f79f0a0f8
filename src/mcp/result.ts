import { z } from "zod";
import { cut } from "../../tools/cut.ts";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { withoutRounded } from "./kept-numbers.ts";
import type { CallAnswer } from "./session.ts";

/** What a tool of a server has answered, as the model, the client and the checkpoint get it. */
export interface McpResult {
  /** All text of it; what is in no form that we know stands here as JSON. */
  text?: string;
  structuredContent?: unknown;
  /** What is no text, one note each: its kind, type and size in bytes, never itself. */
  attachments?: string[];
  /** What was left out because the answer was too large. */
  omitted?: string;
}

/** Longest text, and longest structured content as JSON, in characters: both go into the checkpoint. */
const MAX_LENGTH = 64 * 1024;

const MAX_ATTACHMENTS = 50;

/** Longest name or type in a note, in characters. */
const MAX_NAME = 200;

const TOO_DEEP = "content that nests too deeply";

const mimeType = z.string().nullish();
const textBlock = z.object({ type: z.literal("text"), text: z.string() });
const mediaBlock = z.object({ type: z.enum(["image", "audio"]), data: z.string(), mimeType });
const linkBlock = z.object({ type: z.literal("resource_link"), uri: z.string() });
const resource = z.object({
  uri: z.string().nullish(),
  mimeType,
  text: z.string().optional(),
  blob: z.string().optional(),
});
const resourceBlock = z.object({ type: z.literal("resource"), resource });

/** One block, read: what the model gets of it. */
interface Piece {
  text?: string;
  note?: string;
  omitted?: string;
}

/** Reads an answer, whatever it is: the tool has run, and the model learns all of it that can be told. */
export function toResult(answer: CallAnswer): McpResult {
  const { structuredContent: sent = null } = answer;
  const pieces = blocksOf(answer).map(read);
  const text = textIn(pieces);
  const notes = pieces.flatMap(({ note = [] }) => note);
  const isTooDeep = isValueDeeperThan(sent, MAX_JSON_DEPTH);
  const structuredContent = isTooDeep ? null : withoutRounded(sent);
  const json = structuredContent === null ? "" : JSON.stringify(structuredContent);
  const omitted = [
    ...(text.length > MAX_LENGTH ? [`text after ${MAX_LENGTH} of ${text.length} characters`] : []),
    ...new Set(pieces.flatMap((piece) => piece.omitted ?? [])),
    ...(isTooDeep ? ["structured content that nests too deeply"] : []),
    ...(json.length > MAX_LENGTH ? [`structured content of ${json.length} characters`] : []),
    ...(notes.length > MAX_ATTACHMENTS ? [`${notes.length - MAX_ATTACHMENTS} attachments`] : []),
  ];
  return {
    ...(text === "" ? {} : { text: cut(text, MAX_LENGTH) }),
    ...(json === "" || json.length > MAX_LENGTH ? {} : { structuredContent }),
    ...(notes.length === 0 ? {} : { attachments: notes.slice(0, MAX_ATTACHMENTS) }),
    ...(omitted.length === 0 ? {} : { omitted: omitted.join("; ") }),
  };
}

/** Whether the server says that the tool has failed. */
export function isFailure({ isError }: CallAnswer): boolean {
  return isError === true || isError === "true";
}

/** All text of an answer, embedded text resources and unknown contents included. */
export function textOf(answer: CallAnswer): string {
  return textIn(blocksOf(answer).map(read));
}

function textIn(pieces: readonly Piece[]): string {
  return pieces.flatMap(({ text = [] }) => text).join("\n");
}

/** A server that answers without content, of another protocol or of none, has answered all the same. */
function blocksOf({ content, structuredContent, isError, ...rest }: CallAnswer): readonly unknown[] {
  if (Array.isArray(content)) return content;
  if (content !== undefined && content !== null) return [content];
  const isBare = (structuredContent ?? null) === null && Object.keys(rest).length > 0;
  return isBare ? [rest] : [];
}

function read(block: unknown): Piece {
  if (typeof block === "string") return { text: block };
  const text = textBlock.safeParse(block);
  if (text.success) return { text: text.data.text };
  const media = mediaBlock.safeParse(block);
  if (media.success) {
    const { type, data } = media.data;
    return { note: `${type} ${named(media.data.mimeType)}, ${bytesOf(data)} bytes` };
  }
  const link = linkBlock.safeParse(block);
  if (link.success) return { note: `link ${named(link.data.uri)}` };
  const embedded = resourceBlock.safeParse(block);
  const known = embedded.success ? readResource(embedded.data.resource) : null;
  return known ?? readUnknown(block);
}

function readResource({ uri, mimeType, text, blob }: z.output<typeof resource>): Piece | null {
  if (text !== undefined) return { text };
  if (blob === undefined) return null;
  return { note: `resource ${named(uri)} ${named(mimeType)}, ${bytesOf(blob)} bytes` };
}

function readUnknown(block: unknown): Piece {
  if (isValueDeeperThan(block, MAX_JSON_DEPTH)) return { omitted: TOO_DEEP };
  return { text: JSON.stringify(withoutRounded(block)) };
}

function named(text: string | null | undefined): string {
  if (text === null || text === undefined) return "of no type";
  return `${cut(text, MAX_NAME)}${text.length > MAX_NAME ? "…" : ""}`;
}

function bytesOf(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}
