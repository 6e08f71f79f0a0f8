import { z } from "zod";
import { id } from "./ids.ts";
import { jsonObject } from "./json-text.ts";

export const PROMPT_MAX_CHARS = 32_000;

/** What a person asks. Characters are code points: an emoji is one. */
export const prompt = z
  .string()
  .refine((text) => text.trim() !== "", { error: `1..${PROMPT_MAX_CHARS}` })
  .refine((text) => [...text].length <= PROMPT_MAX_CHARS, { error: `1..${PROMPT_MAX_CHARS}` });

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

/** Body of `POST /aura/test/stream`. Fields that we do not know are dropped. */
export const streamBody = z
  .object({ prompt, context: jsonObject.nullish(), ...threadAliases })
  .refine(onlyOneThread, differing)
  .transform(withThreadId);

/** Query of `GET /aura/test/stream`. */
export const streamQuery = z
  .object({ prompt, ...threadAliases })
  .refine(onlyOneThread, differing)
  .transform(withThreadId);
