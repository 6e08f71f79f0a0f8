import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTick, setTimeout as sleep } from "node:timers/promises";

/** What the client sent to /v1/chat/completions. */
export interface ChatRequest {
  model: string;
  stream?: boolean;
  messages: {
    role: string;
    content: unknown;
    tool_calls?: { id: string; function: { name: string; arguments: string } }[];
    tool_call_id?: string;
  }[];
  tools?: { type: "function"; function: { name: string; parameters: unknown } }[];
  [key: string]: unknown;
}

/** A tool call of the scripted model. `args` as a string is sent as it is, broken or not. */
export interface StubCall {
  /** Default: `call_<number of the step>_<place>`; null sends none. */
  id?: string | null;
  name: string;
  args: Record<string, unknown> | string;
  /** Default: its place. */
  index?: number;
}

export type StubReply =
  /** An answer; `pauseMs` before each piece of it. */
  | { text?: string | string[]; reasoning?: string[]; calls?: StubCall[]; finish?: string; pauseMs?: number }
  /** These bytes; `drop` cuts the connection behind them. */
  | { raw: { status?: number; contentType?: string; body: string | Buffer }; drop?: boolean }
  /** Comments only, until the client has gone. */
  | { comments: string }
  /** Cuts the connection before the first byte of an answer. */
  | { reset: true }
  /** An error answer. */
  | { status: number; error?: string; headers?: Record<string, string> }
  /** Sends this text and then ends the response politely, or drops the connection. */
  | { cut: "end" | "drop"; text: string[] }
  /** Sends nothing at all, or this text and then nothing more. */
  | { stall: "headers" | "body"; text?: string[] }
  /** This delta, or this text as it is, again and again until the client has gone. */
  | { endless: Record<string, unknown> | string }
  /** Deltas and a finish reason, word for word. */
  | { deltas: Record<string, unknown>[]; finish?: string };

/** One expected request: what it must look like, and what is answered. */
export interface StubStep {
  expect?: (request: ChatRequest) => void;
  reply: StubReply;
}

export interface OpenAiStub {
  /** Base URL, with /v1. */
  url: string;
  requests: ChatRequest[];
  /** Headers of the requests. */
  headers: IncomingMessage["headers"][];
  /** Answers that are still being sent. */
  sending(): number;
  /** Adds steps to the script. */
  script(...steps: StubStep[]): void;
  /** Throws when a call came that no step expected, an expectation failed, or a step is left. */
  verify(): void;
  close(): Promise<void>;
}

/** Shorthand for a plan that has these steps. */
export function planReply(...steps: { title: string; tool?: string }[]): StubStep {
  const plan = { steps: steps.map((step) => ({ description: step.title, confidence: 0.9, ...step })) };
  return {
    expect: ({ tools }) => {
      if (tools !== undefined) throw new Error("the planner was given tools");
    },
    reply: { text: JSON.stringify(plan) },
  };
}

/**
 * A real HTTP server that speaks OpenAI's Chat Completions, streaming and not, and follows a script. With `always` it
 * answers every request by that function instead.
 */
export async function startOpenAiStub(
  steps: StubStep[] = [],
  { always }: { always?: (request: ChatRequest) => StubReply } = {},
): Promise<OpenAiStub> {
  const open = [...steps];
  const problems: string[] = [];
  const requests: ChatRequest[] = [];
  const headers: IncomingMessage["headers"][] = [];
  let sending = 0;

  const take = (request: ChatRequest): StubReply => {
    if (always) return always(request);
    const step = open.shift();
    if (step === undefined) {
      problems.push(`unexpected call ${requests.length}: ${JSON.stringify(request.messages.at(-1))}`);
      return { status: 400, error: "the stub expected no call" };
    }
    try {
      step.expect?.(request);
    } catch (error) {
      problems.push(`call ${requests.length}: ${error}`);
      return { status: 400, error: `the stub expected another call: ${error}` };
    }
    return step.reply;
  };

  const server = createServer(async (request, response) => {
    if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
      problems.push(`${request.method} ${request.url}`);
      response.writeHead(404).end();
      return;
    }
    const body = JSON.parse(await read(request)) as ChatRequest;
    requests.push(body);
    headers.push(request.headers);
    sending += 1;
    response.once("close", () => (sending -= 1));
    await respond(response, body, take(body), requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    headers,
    sending: () => sending,
    script: (...more) => open.push(...more),
    verify() {
      if (open.length > 0) problems.push(`${open.length} step(s) of the script were not reached`);
      if (problems.length > 0) throw new Error(problems.join("\n"));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function respond(
  response: ServerResponse,
  request: ChatRequest,
  reply: StubReply,
  call: number,
): Promise<void> {
  if ("reset" in reply) {
    response.socket?.resetAndDestroy();
    return;
  }
  if ("raw" in reply) {
    const { status = 200, contentType = "text/event-stream", body } = reply.raw;
    response.writeHead(status, { "content-type": contentType });
    if (!reply.drop) response.end(body);
    else response.write(body, () => response.socket?.destroySoon());
    return;
  }
  if ("status" in reply) {
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
    response.end(
      JSON.stringify({ error: { message: reply.error ?? `stub ${reply.status}`, type: "stub", code: null } }),
    );
    return;
  }
  if ("stall" in reply && reply.stall === "headers") return;
  if (!request.stream) {
    if (!("calls" in reply || "text" in reply) || "cut" in reply || "stall" in reply) {
      throw new Error("this reply needs a streaming request");
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(wholeAnswer(request, reply, call)));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  if ("comments" in reply) {
    const timer = setInterval(() => response.write(reply.comments), 50);
    response.once("close", () => clearInterval(timer));
    return;
  }
  if ("endless" in reply) return repeat(response, { ...envelope(request, call) }, reply.endless);
  const send = (choice: Record<string, unknown>) =>
    frame(response, { ...envelope(request, call), choices: [choice] });
  for (const delta of deltasOf(reply, call)) {
    if ("pauseMs" in reply) await sleep(reply.pauseMs);
    await send({ index: 0, delta, finish_reason: null });
  }
  if ("stall" in reply) return;
  if ("cut" in reply) {
    // What was written must arrive first: destroy() would discard what is still buffered.
    if (reply.cut === "drop") response.socket?.destroySoon();
    else response.end();
    return;
  }
  const finish = reply.finish ?? ("calls" in reply && reply.calls?.length ? "tool_calls" : "stop");
  await send({ index: 0, delta: {}, finish_reason: finish });
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  await frame(response, { ...envelope(request, call), choices: [], usage });
  response.end("data: [DONE]\n\n");
}

async function repeat(response: ServerResponse, head: object, what: Record<string, unknown> | string) {
  const choices = [{ index: 0, delta: what, finish_reason: null }];
  const text = typeof what === "string" ? what : `data: ${JSON.stringify({ ...head, choices })}\n\n`;
  const piece = text.repeat(Math.ceil(2_000 / text.length));
  // The socket's own buffer tells when to wait; whoever has closed it ends this.
  while (!response.destroyed) {
    if (response.write(piece)) await nextTick();
    else await Promise.race([once(response, "drain"), once(response, "close")]);
  }
}

/** One SSE frame in two writes, so that it crosses chunks. */
async function frame(response: ServerResponse, data: unknown): Promise<void> {
  const text = Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
  const middle = Math.floor(text.length / 2);
  response.write(text.subarray(0, middle));
  await nextTick();
  response.write(text.subarray(middle));
}

function envelope(request: ChatRequest, call: number) {
  return {
    id: `chatcmpl-${call}`,
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: request.model,
  };
}

function deltasOf(reply: StubReply, call: number): Record<string, unknown>[] {
  if ("deltas" in reply) return reply.deltas;
  if ("status" in reply || "endless" in reply || "raw" in reply) return [];
  if ("reset" in reply || "comments" in reply) return [];
  const text = [reply.text ?? []].flat();
  const reasoning = "reasoning" in reply ? (reply.reasoning ?? []) : [];
  const calls = "calls" in reply ? (reply.calls ?? []) : [];
  return [
    { role: "assistant", content: "" },
    ...reasoning.map((reasoning_content) => ({ reasoning_content })),
    ...text.map((content) => ({ content })),
    ...calls.flatMap((each, place) => callDeltas(each, place, call)),
  ];
}

/** The name first, then the arguments in small pieces, as OpenAI does. */
function callDeltas(each: StubCall, place: number, call: number): Record<string, unknown>[] {
  const index = each.index ?? place;
  const id = each.id === null ? {} : { id: each.id ?? `call_${call}_${place}` };
  const args = argumentsText(each);
  const pieces = args.match(/[\s\S]{1,9}/g) ?? [];
  const part = (value: Record<string, unknown>) => ({ tool_calls: [{ index, ...value }] });
  return [
    part({ ...id, type: "function", function: { name: each.name, arguments: "" } }),
    ...pieces.map((piece) => part({ function: { arguments: piece } })),
  ];
}

function argumentsText({ args }: StubCall): string {
  return typeof args === "string" ? args : JSON.stringify(args);
}

function wholeAnswer(
  request: ChatRequest,
  reply: { text?: string | string[]; calls?: StubCall[]; finish?: string },
  call: number,
) {
  const tool_calls = (reply.calls ?? []).map((each, place) => ({
    id: each.id ?? `call_${call}_${place}`,
    type: "function",
    function: { name: each.name, arguments: argumentsText(each) },
  }));
  const message = {
    role: "assistant",
    content: [reply.text ?? []].flat().join(""),
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
  };
  const finish_reason = reply.finish ?? (tool_calls.length > 0 ? "tool_calls" : "stop");
  return {
    ...envelope(request, call),
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}
