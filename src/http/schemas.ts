import { z } from "zod";
import { AuraError, type Language } from "../errors.ts";
import { ID_PATTERN, parseEventId } from "../records/event-id.ts";
import { runStatus } from "../records/run-schema.ts";

const PROMPT_MAX_CHARS = 32_000;

const id = z.string().regex(ID_PATTERN, { error: "1-128 of A-Z a-z 0-9 _ -" });

const prompt = z
  .string()
  .refine((text) => text.trim() !== "", { error: "1..32000" })
  .refine((text) => [...text].length <= PROMPT_MAX_CHARS, {
    error: `1..${PROMPT_MAX_CHARS}`,
  });

/** The names under which clients send the thread's id; the first is ours. */
const threadAliases = { threadId: id.optional(), thread_id: id.optional(), sessionId: id.optional() };

interface Aliases {
  threadId?: string | undefined;
  thread_id?: string | undefined;
  sessionId?: string | undefined;
}

const onlyOneThread = ({ threadId, thread_id, sessionId }: Aliases) =>
  new Set([threadId, thread_id, sessionId].filter((value) => value !== undefined)).size <= 1;

const differing = { error: "threadId != thread_id != sessionId", path: ["threadId"] };

const withThreadId = <T extends Aliases>({ threadId, thread_id, sessionId, ...rest }: T) => ({
  ...rest,
  threadId: threadId ?? thread_id ?? sessionId,
});

/** Body of `POST /aura/test/stream`. Fields we do not know are ignored. */
export const streamBody = z
  .object({ prompt, context: z.record(z.string(), z.unknown()).nullish(), ...threadAliases })
  .refine(onlyOneThread, differing)
  .transform(withThreadId);

/** Query of `GET /aura/test/stream`. */
export const streamQuery = z
  .object({ prompt, ...threadAliases })
  .refine(onlyOneThread, differing)
  .transform(withThreadId);

export const runParams = z.object({ runId: id });

export const threadParams = z.object({ threadId: id });

const limit = (most: number, usual: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/)
    .transform(Number)
    .refine((value) => value <= most, { error: `1..${most}` })
    .default(usual);

/** Query of `GET /aura/threads`. */
export const threadsQuery = z.object({
  limit: limit(100, 20),
  cursor: z.string().min(1).max(512).optional(),
  status: runStatus.optional(),
});

/** Query of `GET /aura/threads/{threadId}/history`; the cursor is a checkpoint's id. */
export const historyQuery = z.object({
  limit: limit(200, 20),
  cursor: id.optional(),
  values: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
});

const eventId = z.string().transform((text, context) => {
  const parsed = parseEventId(text);
  if (parsed !== null) return parsed;
  context.addIssue("<runId>:<seq>");
  return z.NEVER;
});

/** Body of `POST /aura/threads/{threadId}/replay`; speed 0 is at once. */
export const replayBody = z.object({
  runId: id.optional(),
  from: eventId.optional(),
  speed: z.union([z.literal(0), z.number().min(1).max(100)], { error: "0, 1..100" }).default(1),
});

/** Body of `POST /aura/threads/{threadId}/fork`; the graph checks the edits. */
export const forkBody = z.object({
  checkpointId: id,
  prompt: prompt.exactOptional(),
  edits: z.record(z.string(), z.unknown()).exactOptional(),
});

export const requestParams = z.object({ requestId: id });

/**
 * Body of `POST /aura/approvals/{requestId}/edit`: all arguments of the call; the tool looks at what is in
 * them.
 */
export const editBody = z.object({ arguments: z.record(z.string(), z.unknown()) });

const oneEvent = z.record(z.string(), z.unknown());

/** Body of `POST /aura/events`: one event or a list; what is in each is looked at one by one. */
export const eventsBody = z.union(
  [oneEvent.transform((event): unknown[] => [event]), z.array(z.unknown()).min(1).max(500)],
  {
    error: "{...}, [1..500]",
  },
);

/** `?after=`: the seq of the last event that the client has. */
export const afterQuery = z.object({
  after: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,14})$/)
    .transform(Number)
    .default(0),
});

/** `Idempotency-Key`: visible ASCII, as HTTP header values are. */
export const idempotencyKey = z.string().regex(/^[!-~]{1,255}$/, { error: "Idempotency-Key is malformed" });

export const eventParams = z.object({
  runId: id,
  seq: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/)
    .transform(Number),
});

/** zod's own sentences; ours above are the same in every language. */
const LOCALES = { ko: z.locales.ko().localeError, en: z.locales.en().localeError };

/** Parses what a client sent; an AuraError E4000 names the fields that are wrong, without their values. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, language: Language): T {
  const parsed = schema.safeParse(input, { error: LOCALES[language] });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new AuraError("E4000", { data: { issues }, detail: "input refused" });
}
