import { z } from "zod";
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
/** The last moment that a Date can name, in Unix seconds: a number above it is no time. */
const LAST_S = 8_640_000_000_000;
const since = z
  .union([z.iso.datetime({ offset: true, local: true }), z.iso.date(), z.number().min(0).max(LAST_S)])
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
    ...(from === undefined ? {} : { since: typeof from === "number" ? from * 1000 : Date.parse(from) }),
  };
}
