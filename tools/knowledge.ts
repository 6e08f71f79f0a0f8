import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { readTime } from "../encoding/time.ts";
import { type AuraTool, type ToolContext, ToolError } from "./tool.ts";

/** Something that has happened in DWP: a mail, an approval document ... */
interface KnowledgeItem {
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

/** What was found and how complete it is, or why nothing could be looked up. */
type KnowledgeAnswer =
  | {
      events: KnowledgeItem[];
      /** Only words were compared, not meaning. */
      byWordsOnly: boolean;
      /** How many of the caller's events can be found by their words only. */
      left: number;
      /** Some received events may not be searchable yet. */
      incoming: boolean;
    }
  | { failed: "closed" | "wordless" | "unreadable"; cause: unknown };

/**
 * Where the tools look. It shows callers only their own events. An empty list means that there is certainly
 * nothing.
 */
export interface KnowledgeReader {
  search(
    owner: { tenantId: string; userId: string },
    query: Query & { text: string },
  ): Promise<KnowledgeAnswer>;
  recent(owner: { tenantId: string; userId: string }, query: Query): Promise<KnowledgeAnswer>;
}

/** Why there is no answer, for the model and the user. */
const FAILURES: Record<Language, Record<"closed" | "wordless" | "unreadable", string>> = {
  ko: {
    closed:
      "이벤트 색인이 아직 열리지 않아 검색하지 못했습니다. 결과가 없다는 뜻이 아니니 잠시 후 다시 시도해 주세요.",
    wordless: "검색어에 찾을 수 있는 단어가 없어 검색하지 못했습니다. 찾을 내용을 단어로 적어 주세요.",
    unreadable: "이벤트 색인을 읽을 수 없어 검색하지 못했습니다. 결과가 없다는 뜻이 아닙니다.",
  },
  en: {
    closed:
      "The index of events is not open yet, so nothing was searched. This does not mean that there is nothing: try again later.",
    wordless: "The query has no word that could be looked for, so nothing was searched. Put it in words.",
    unreadable:
      "The index of events cannot be read, so nothing was searched. This does not mean that there is nothing.",
  },
};

/** What the model and the user should know of an answer. */
const NOTES = {
  ko: {
    nothing: "관련된 것을 찾지 못했습니다.",
    byWordsOnly: "지금은 의미를 비교할 수 없어 단어로만 찾았으므로, 다르게 표현된 것은 빠졌을 수 있습니다.",
    left: (count: number) => `이벤트 ${count}건은 아직 단어로만 찾을 수 있습니다.`,
    incoming: "들어온 이벤트 가운데 아직 검색되지 않는 것이 있을 수 있습니다.",
  },
  en: {
    nothing: "Nothing that has to do with it was found.",
    byWordsOnly: "Only words could be compared just now, so what is worded differently may be missing.",
    left: (count: number) =>
      count === 1
        ? "1 event can be found by its words only, as yet."
        : `${count} events can be found by their words only, as yet.`,
    incoming: "Some events that have come in may not be searchable yet.",
  },
};

const types = z
  .array(z.string().min(1).max(100))
  .max(20)
  .optional()
  .describe("Only events of these types, such as MailSentEvent, MailReceivedEvent, ApprovalCreatedEvent");
/** The last moment that a Date can hold, in Unix seconds. A larger number is not a time. */
const LAST = 8_640_000_000_000;
/** Numbers below it are Unix seconds (until the year 5138), others milliseconds. */
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
      "Searches what has happened in the user's workplace: mails sent and received, approval documents. Cite the event ids of what you use, and pass on what the note says.",
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
      "Lists what has happened lately in the user's workplace, newest first: mails, approval documents. Cite the event ids of what you use, and pass on what the note says.",
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

async function answered({ language }: ToolContext, look: () => Promise<KnowledgeAnswer>) {
  const answer = await look().catch((cause: unknown) => ({ failed: "unreadable" as const, cause }));
  if ("failed" in answer) throw new ToolError(FAILURES[language][answer.failed], answer.cause);
  const { events } = answer;
  const note = noteOf(answer, language);
  return { events, sources: events.map(({ eventId }) => eventId), ...(note === "" ? {} : { note }) };
}

function noteOf(
  { events, byWordsOnly, left, incoming }: Exclude<KnowledgeAnswer, { failed: unknown }>,
  language: Language,
): string {
  const texts = NOTES[language];
  return [
    ...(events.length === 0 ? [texts.nothing] : []),
    ...(byWordsOnly ? [texts.byWordsOnly] : []),
    ...(left > 0 && !byWordsOnly ? [texts.left(left)] : []),
    ...(incoming ? [texts.incoming] : []),
  ].join(" ");
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
  const isIso = z
    .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])
    .safeParse(from).success;
  return isIso ? Date.parse(from) : readTime(from);
}
