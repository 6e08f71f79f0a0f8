import { setTimeout as delay } from "node:timers/promises";
import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import { readEvents } from "./event-stream.ts";
import { isObject } from "./json-schema-values.ts";
import { isAnswerTo, parseJson, readMessages, unanswered } from "./messages.ts";
import { failureReason, SessionLostError } from "./reason.ts";

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Largest answer, in characters: as much as a server on stdio may send. */
const MAX_ANSWER = 10 * 1024 * 1024;

/** How often a stream that ended is gone on with, and the longest wait before it, in ms. */
const MAX_RESUMES = 5;
const MAX_RESUME_WAIT_MS = 30_000;

/** Nothing in them is an answer to us: the request was not let in. */
const FORBIDDEN: readonly number[] = [401, 403];

/** What servers answer with before any tool: JSON-RPC's "invalid request", and the SDKs' own. */
const TRANSPORT_CODES: readonly unknown[] = [-32_000, -32_001, -32_600];

interface Sent {
  id: RequestId;
  method: string;
  url: string | URL;
  init: RequestInit;
}

/**
 * `fetch` for the SDK's transport, which waits until its time is over when an answer ends early or is not in
 * the form that it knows. With this one every request is answered: by what the server has said, read
 * leniently, or by `unanswered` at once.
 *
 * @throws SessionLostError where the server does not know our session any more, and what `fetch` throws
 */
export function answeringFetch(): Fetch {
  return async (url, init = {}) => {
    const response = await fetch(url, init);
    const request = requestIn(init.body);
    const isRedirect = response.status >= 300 && response.status < 400;
    if (request === null || isRedirect) return response;
    const sent: Sent = { ...request, url, init };
    if (!response.ok) return refusal(response, sent);
    return isEventStream(response) ? streamed(response, sent) : whole(response, sent);
  };
}

function requestIn(body: unknown): Pick<Sent, "id" | "method"> | null {
  const message = typeof body === "string" ? parseJson(body) : undefined;
  if (!isObject(message)) return null;
  const { id, method } = message;
  const isRequest = typeof method === "string" && (typeof id === "string" || typeof id === "number");
  return isRequest ? { id, method } : null;
}

function isEventStream(response: Response): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(response.headers.get("content-type") ?? "");
}

/**
 * An error status may hold an answer of the server's own, or say that the session is lost; else it stays what
 * it is.
 */
async function refusal(response: Response, { id, method }: Sent): Promise<Response> {
  const { status, statusText, headers } = response;
  const text = await readText(response);
  const answer = readMessages(parseJson(text)).find((message) => isAnswerTo(message, id));
  const code = answer !== undefined && "error" in answer ? answer.error.code : undefined;
  if (method !== "initialize" && isSessionLost(status, text, code)) throw new SessionLostError(status);
  if (code !== undefined && !FORBIDDEN.includes(status))
    return Response.json(answer, { headers: session(headers) });
  return new Response(text, { status, statusText, headers });
}

/**
 * @param code of an error that answers the very request: only a transport's own says that no tool was reached
 */
function isSessionLost(status: number, text: string, code: number | undefined): boolean {
  const isAboutSession = /\bsession\b|not initiali[sz]ed/i.test(text);
  if (status === 410) return true;
  if (status === 404) return code === undefined || isAboutSession;
  return status === 400 && isAboutSession && (code === undefined || TRANSPORT_CODES.includes(code));
}

async function whole(response: Response, { id }: Sent): Promise<Response> {
  const messages = readMessages(parseJson(await readText(response)), id);
  const isAnswered = messages.some((message) => isAnswerTo(message, id));
  const all = isAnswered
    ? messages
    : [...messages, unanswered(id, "what came is no answer of this protocol")];
  return Response.json(all, { headers: session(response.headers) });
}

function streamed(response: Response, sent: Sent): Response {
  const headers = { ...session(response.headers), "content-type": "text/event-stream" };
  return new Response(ReadableStream.from(answersIn(response, sent)), { headers });
}

/** The SDK learns the session's id from an answer's headers. */
function session(headers: Headers): Record<string, string> {
  const id = headers.get("mcp-session-id");
  return id === null ? {} : { "mcp-session-id": id };
}

/** Where a stream may be gone on with, and after how long, in ms. */
interface Resumption {
  from: string;
  waitMs: number;
}

/**
 * The messages of a stream, and of those that go on with it; at the end of the last one, the answer that did
 * not come.
 */
async function* answersIn(response: Response, sent: Sent): AsyncGenerator<Uint8Array> {
  let why = "its answer ended without a result";
  let next: Response | null = response;
  try {
    for (let resumes = 0; next !== null && resumes <= MAX_RESUMES; resumes += 1) {
      const end: Resumption | "answered" | null = yield* messagesIn(next, sent);
      if (end === "answered") return;
      next = end === null ? null : await resume(sent, end);
    }
  } catch (error) {
    why =
      error instanceof RangeError
        ? "its answer is too large"
        : `its answer was cut off: ${failureReason(error)}`;
  }
  yield frame(unanswered(sent.id, why));
}

async function* messagesIn(
  { body }: Response,
  { id }: Sent,
): AsyncGenerator<Uint8Array, Resumption | "answered" | null> {
  let isAnswered = false;
  let resumption: Resumption | null = null;
  try {
    for await (const event of body === null ? [] : readEvents(body, MAX_ANSWER)) {
      // Only an event with an id and no data says that the rest can be had later.
      if (event.id !== undefined && (event.data === "" || resumption !== null))
        resumption = { from: event.id, waitMs: event.retryMs ?? 0 };
      for (const message of readMessages(parseJson(event.data), id)) {
        isAnswered ||= isAnswerTo(message, id);
        yield frame(message);
      }
    }
  } catch (error) {
    // Whatever breaks after the answer costs nothing any more.
    if (!isAnswered) throw error;
  }
  return isAnswered ? "answered" : resumption;
}

async function resume({ url, init }: Sent, { from, waitMs }: Resumption): Promise<Response | null> {
  const signal = init.signal ?? undefined;
  await delay(Math.min(waitMs, MAX_RESUME_WAIT_MS), undefined, signal === undefined ? {} : { signal });
  const headers = new Headers(init.headers);
  headers.delete("content-type");
  headers.set("accept", "text/event-stream");
  headers.set("last-event-id", from);
  const response = await fetch(url, {
    method: "GET",
    headers,
    redirect: "manual",
    signal: init.signal ?? null,
  });
  if (response.ok && isEventStream(response)) return response;
  await response.body?.cancel();
  return null;
}

function frame(message: unknown): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify(message)}\n\n`);
}

/** @throws RangeError for more than may be read, and what reading throws */
async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ANSWER) throw new RangeError("an answer is too long");
  }
  return text + decoder.decode();
}
