import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/sdk/types.js";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";

/** What a tool of a server has answered, as the model, the client and the checkpoint get it. */
export interface McpResult {
  /** All text of it. */
  text?: string;
  structuredContent?: unknown;
  /** What is no text, one note each: its kind, type and size in bytes, never itself. */
  attachments?: string[];
  /** What was left out because the answer was too large. */
  omitted?: string;
}

/** Of text, and of structured content as JSON, in characters: both go into the checkpoint. */
const MAX_LENGTH = 64 * 1024;

const MAX_ATTACHMENTS = 50;

/** Names and types in notes. */
const MAX_NAME = 200;

export function toResult({ content, structuredContent }: CallToolResult): McpResult {
  const text = textOf(content);
  const attachments = content.flatMap(note);
  const isTooDeep = isValueDeeperThan(structuredContent, MAX_JSON_DEPTH);
  const json = structuredContent === undefined || isTooDeep ? "" : JSON.stringify(structuredContent);
  const omitted = [
    ...(text.length > MAX_LENGTH ? [`text after ${MAX_LENGTH} of ${text.length} characters`] : []),
    ...(isTooDeep ? ["structured content that nests too deeply"] : []),
    ...(json.length > MAX_LENGTH ? [`structured content of ${json.length} characters`] : []),
    ...(attachments.length > MAX_ATTACHMENTS ? [`${attachments.length - MAX_ATTACHMENTS} attachments`] : []),
  ];
  return {
    ...(text === "" ? {} : { text: text.slice(0, MAX_LENGTH) }),
    ...(json === "" || json.length > MAX_LENGTH ? {} : { structuredContent }),
    ...(attachments.length === 0 ? {} : { attachments: attachments.slice(0, MAX_ATTACHMENTS) }),
    ...(omitted.length === 0 ? {} : { omitted: omitted.join("; ") }),
  };
}

/** All text of an answer, embedded text resources included. */
export function textOf(content: readonly ContentBlock[]): string {
  return content
    .flatMap((block) => {
      if (block.type === "text") return [block.text];
      return block.type === "resource" && "text" in block.resource ? [block.resource.text] : [];
    })
    .join("\n");
}

function note(block: ContentBlock): string[] {
  switch (block.type) {
    case "image":
    case "audio":
      return [`${block.type} ${named(block.mimeType)}, ${bytesOf(block.data)} bytes`];
    case "resource_link":
      return [`link ${named(block.uri)}`];
    case "resource": {
      const { resource } = block;
      if (!("blob" in resource)) return [];
      return [
        `resource ${named(resource.uri)} ${named(resource.mimeType ?? "of no type")}, ${bytesOf(resource.blob)} bytes`,
      ];
    }
    default:
      return [];
  }
}

function named(text: string): string {
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text;
}

function bytesOf(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}
