import { z } from "zod";
import { readTime } from "../encoding/time.ts";
import { type AuraTool, type ToolContext, ToolError } from "./tool.ts";

/** Something that has happened in DWP: a mail, an approval document ... */
export interface KnowledgeItem {
  eventId: string;
  eventType: string;
  /** ISO 8601 */
  time: string;
  text: string;
}

interface Query {
  types?: readonly string[];
  /** Unix ms */
  since?: number;
  limit: number;
}

/** Where the tools look; it shows a caller only what is theirs. */
export interface KnowledgeReader {
  search(
    owner: { tenantId: string; userId: string },
    query: Query & { text: string },
  ): Promise<KnowledgeItem[]>;
  recent(owner: { tenantId: string; userId: string }, query: Query): Promise<KnowledgeItem[]>;
}

const types = z
  .array(z.string().min(1).max(100))
  .max(20)
  .optional()
  .describe("Only events of these types, such as MailSentEvent, MailReceivedEvent, ApprovalCreatedEvent");
/**
 * The last moment that a Date can name, in Unix seconds or as milliseconds far ahead: a number above it is no
 * time.
 */
const LAST = 8_640_000_000_000;
/** Unix seconds until the year 5138, above it milliseconds. */
const FIRST_MS = 100_000_000_000;
const since = z
  .union([z.string().max(100), z.number().min(0).max(LAST)])
  .refine((value) => sinceMs(value) !== null, { error: "must be a time, such as 2026-01-02T09:00:00+09:00" })
  .optional()
  .describe("Only since then: ISO 8601, or Unix seconds");
const limit = z.int().min(1).max(20).optional();

const searchSchema = z.strictObject({
  query: z.string().min(1).max(1_000).describe("What to look for, in the words of the user"),
  types,
  since,
  limit: limit.describe("Default: 5"),
});
const recentSchema = z.strictObject({ types, since, limit: limit.describe("Default: 10") });

/** Searches what has happened in DWP; needs no approval. */
export function searchKnowledge(knowledge: KnowledgeReader): AuraTool<typeof searchSchema> {
  return {
    name: "search_knowledge",
    description:
      "Searches what has happened in the user's workplace: mails sent and received, approval documents. Cite the event ids of what you use.",
    schema: searchSchema,
    approval: "never",
    idempotent: true,
    untrusted: true,
    approvalMessage: ({ query }, language) =>
      language === "ko" ? `"${query}" 을(를) 검색할까요?` : `Search for "${query}"?`,
    execute: ({ query, limit: most = 5, ...rest }, context) =>
      answered(context, () =>
        knowledge.search(ownerOf(context), { text: query, ...narrowed(rest), limit: most }),
      ),
  };
}

/** Lists what has happened lately; needs no approval. */
export function recentEvents(knowledge: KnowledgeReader): AuraTool<typeof recentSchema> {
  return {
    name: "recent_events",
    description:
      "Lists what has happened lately in the user's workplace, newest first: mails, approval documents. Cite the event ids of what you use.",
    schema: recentSchema,
    approval: "never",
    idempotent: true,
    untrusted: true,
    approvalMessage: (_args, language) =>
      language === "ko" ? "최근 이벤트를 조회할까요?" : "List recent events?",
    execute: ({ limit: most = 10, ...rest }, context) =>
      answered(context, () => knowledge.recent(ownerOf(context), { ...narrowed(rest), limit: most })),
  };
}

async function answered({ language }: ToolContext, find: () => Promise<KnowledgeItem[]>) {
  try {
    const events = await find();
    return { events, sources: events.map(({ eventId }) => eventId) };
  } catch (error) {
    const text = language === "ko" ? "지금은 검색할 수 없습니다." : "The index cannot be searched now.";
    throw new ToolError(text, error);
  }
}

function ownerOf({ tenantId, userId }: ToolContext) {
  return { tenantId, userId };
}

function narrowed({
  types: only,
  since: from,
}: {
  types?: string[] | undefined;
  since?: string | number | undefined;
}) {
  return {
    ...(only === undefined ? {} : { types: only }),
    ...(from === undefined ? {} : { since: sinceMs(from) ?? 0 }),
  };
}

/** Unix ms. */
function sinceMs(from: string | number): number | null {
  if (typeof from === "number") return from < FIRST_MS ? from * 1000 : from;
  const isPlain = z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])
    .safeParse(from).success;
  return isPlain ? Date.parse(from) : readTime(from);
}
