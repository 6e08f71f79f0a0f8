import { afterAll, beforeAll, expect } from "vitest";
import { eventsOf, type Frame, openStream, type SseStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Person, type Stack, startStack } from "../helpers/stack.ts";

export const TWO_MAILS =
  "Send an email to kim@example.com with subject One saying hello, and then send another email to lee@example.com with subject Two saying bye";

/** The event frames word for word: what a replay must repeat. */
export const recorded = (frames: readonly Frame[]) => frames.filter(({ event }) => event !== undefined);

/** A thread with two approvals, one approved and one rejected. */
export interface SavedThread {
  threadId: string;
  runId: string;
  frames: Frame[];
  approvals: any[];
}

/** The system with such a thread, for the tests of the `describe` in which this is called; `setUp` is given both. */
export function savedThread(
  backend: "embedded" | "redis",
  setUp: (stack: Stack, saved: SavedThread) => void,
) {
  let stack: Stack;
  let saved: SavedThread;

  beforeAll(async () => {
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "200" } });
    saved = await twoMails(`saved-${backend}`);
    setUp(stack, saved);
  });
  afterAll(() => stack.close());

  async function twoMails(threadId: string): Promise<SavedThread> {
    const stream = await chat(stack, { prompt: TWO_MAILS, threadId });
    await settle(stream, { One: "approve", Two: "reject" });
    const frames = await stream.ended;
    const approvals = eventsOf(frames).filter(({ type }) => type === "hitl");
    const runId = stream.response.headers.get("x-run-id") ?? "";
    return { threadId, runId, frames, approvals };
  }

  async function settle(stream: SseStream, decisions: Record<string, "approve" | "reject">) {
    for (const [subject, decision] of Object.entries(decisions)) {
      const { data = "" } = await stream.first(
        ({ event, data }) => event === "hitl" && JSON.parse(data ?? "").data.context.subject === subject,
      );
      const answer = await decide(stack, JSON.parse(data).data.requestId, decision, "not now");
      expect(answer.status).toBe(200);
    }
  }

  const get = async (path: string, person?: Person) => getJson(stack, `/api/aura${path}`, person);
  const send = async (method: string, path: string, body?: unknown, person?: Person) => {
    const { "content-type": json, ...headers } = await headersOf(person);
    return fetch(`${stack.url}/api/aura${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": json ?? "" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  const streamed = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    openStream(`${stack.url}/api/aura${path}`, {
      method: "POST",
      headers: { ...(await headersOf()), ...headers },
      body: JSON.stringify(body),
    });
  const mails = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject).length;
  const thread = (path = "") => `/threads/${saved.threadId}${path}`;
  const beforeApprovals = async () => {
    const { items } = (await get(thread("/history"))).data;
    return items.find(({ next, interrupts }: any) => next.includes("tools") && interrupts.length > 0);
  };

  return { twoMails, settle, get, send, streamed, mails, thread, beforeApprovals };
}

/** The same document under run and request ids that are not here yet. */
export function renamed(document: any, kinds = "run|req"): any {
  const text = JSON.stringify(document).replaceAll(new RegExp(`"(${kinds})-`, "g"), '"$1-new-');
  return JSON.parse(text);
}
