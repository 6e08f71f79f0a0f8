import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../helpers/eventually.ts";
import { type ChatRequest, planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { startRedis } from "../helpers/redis.ts";
import { restoreRedis } from "../helpers/redis-fixture.ts";
import { eventsOf, type Frame, openStream, type SseStream, textOf } from "../helpers/sse-client.ts";
import { chat, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

/** What today's model says in the end, whatever it is asked. */
export const ANSWER = "오늘의 대답입니다.";

/** Asked what has happened it looks that up; everything else has been called for in the recorded threads. */
function reply({ messages, tools }: ChatRequest) {
  if (tools === undefined) return planReply({ title: "답합니다" }).reply;
  const at = messages.findLastIndex(({ role }) => role === "user");
  const isLookedUp = messages.slice(at + 1).some(({ role }) => role === "tool");
  const asksForEvents = String(messages[at]?.content).includes("무슨 일");
  if (asksForEvents && !isLookedUp) return { calls: [{ name: "recent_events", args: {} }] };
  return { text: ["오늘의 ", "대답입니다."] };
}

/**
 * Today's service on a Redis that commit f920bde wrote, the last one before the redesign of issue 14, and whose
 * processes were killed: in the middle of a model's answer (`before-killed`), of a mail (`before-cut`) and of a
 * decision (`before-decided`), with nobody there when Main Service decided (`before-unheard`) and when a prompt
 * came (`before-queued`), with no Main Service to report to (`before-untold`) and no index for events. Its
 * approvals expire in 2036. A fork of `before-mails` waits, and one thread was imported. Leases, and the locks of
 * BullMQ, were left out. Everything here speaks HTTP, and Redis only through Main Service.
 */
export async function startOnRecords() {
  const folder = mkdtempSync(join(tmpdir(), "aura-before-"));
  const stub = await startOpenAiStub([], { always: reply });
  const redis = await startRedis();
  await restoreRedis(redis.client(), "redis-f920bde");
  const model = { OPENAI_BASE_URL: stub.url, OPENAI_API_KEY: "key" };
  const env = { ...model, AURA_KNOWLEDGE: "on", KNOWLEDGE_URI: folder, AURA_RECONCILE_MS: "200" };
  const stack = await startStack({ backend: "redis", redis, env });
  return {
    stack,
    ...requestsTo(stack),
    async close() {
      await stack.close();
      await stub.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function requestsTo(stack: Stack) {
  const request = async (body: unknown, headers: Record<string, string> = {}) => ({
    method: "POST",
    headers: { ...(await headersOf()), ...headers },
    body: JSON.stringify(body),
  });
  /** The envelope's data; `path` goes on behind /aura. */
  const get = async (path: string): Promise<any> => (await getJson(stack, `/api/aura${path}`)).data;
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${stack.url}/api/aura${path}`, await request(body, headers));
  const streamed = async (path: string, body: unknown): Promise<SseStream> =>
    openStream(`${stack.url}/api/aura${path}`, await request(body));
  const lastRun = async (threadId: string) => (await get(`/threads/${threadId}`)).runs.at(-1);
  /** The thread's last run from its beginning, as for a client that comes back with the first position. */
  const follow = async (threadId: string): Promise<SseStream> => {
    const { runId, prompt } = await lastRun(threadId);
    return chat(stack, { prompt, threadId }, { "last-event-id": `${runId}:0` });
  };
  return {
    get,
    post,
    streamed,
    lastRun,
    follow,
    audit: async (threadId: string): Promise<any[]> => (await get(`/threads/${threadId}/audit`)).items,
    /** Its last run ends well; all frames of that. */
    async completes(threadId: string): Promise<Frame[]> {
      const frames = await (await follow(threadId)).ended;
      expect(frames.at(-1)?.data).toBe("[DONE]");
      await eventually(async () => expect((await get(`/threads/${threadId}`)).status).toBe("completed"));
      return frames;
    },
    /** The conversation goes on. */
    async answers(threadId: string): Promise<void> {
      const frames = await (await chat(stack, { prompt: "다시 안녕", threadId })).ended;
      expect(frames.at(-1)?.data).toBe("[DONE]");
      expect(textOf(frames)).toBe(ANSWER);
    },
    /** The first thread, newest first, that shows this of itself. */
    async threadWith(what: "forkedFrom" | "importedAt") {
      for (const { threadId } of (await get("/threads?limit=100")).items) {
        const thread = await get(`/threads/${threadId}`);
        if (thread[what] !== undefined) return thread;
      }
      throw new Error(`no thread has ${what}`);
    },
  };
}

/** The last word on each call, in order. */
export function lastWords(frames: readonly Frame[]) {
  return eventsOf(frames)
    .filter(({ type, data }) => type === "tool_execution" && data.status !== "executing")
    .map(({ data }) => data);
}
