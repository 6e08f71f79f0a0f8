import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureEnvelope, successOf } from "@aura-platform/contract/envelope.ts";
import { type EventFrame, eventFrame } from "@aura-platform/contract/frames.ts";
import { streamHeaders } from "@aura-platform/contract/headers.ts";
import { hitlRequest, requestPointer, signal } from "@aura-platform/contract/hitl.ts";
import { ROUTES, type Route } from "@aura-platform/contract/routes.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { signToken } from "../../../devstack/jwt.ts";
import { eventsOf, type Frame, openStream, type SseStream } from "../../helpers/sse-client.ts";
import { decide, headersOf, JWT_SECRET, type Stack, startStack, USER } from "../../helpers/stack.ts";

// What the service really answers is what the contract says, to the field: the schemas are exact, so that a
// field which is not declared fails here.

const MAIL = "Send an email to kim@example.com with subject One saying hello";

type Operation = keyof typeof ROUTES;

interface Asked {
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

let stack: Stack;
let folder: string;
/** A thread with one approved mail. */
let saved: { threadId: string; runId: string; frames: Frame[] };
/** What has been asked for and answered as it is declared. */
const seen = new Set<Operation>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "aura-answers-"));
  stack = await startStack({ backend: "embedded", env: { AURA_KNOWLEDGE: "on", KNOWLEDGE_URI: folder } });
  const stream = await follow("startRun", { body: { prompt: MAIL, threadId: "exact" } });
  const { requestId } = await stream.event("hitl");
  expect(await ask("approvals")).toMatchObject({ items: [{ requestId, sessionId: "exact" }] });
  expect(hitlRequest.parse(await storedJson(`hitl:request:${requestId}`))).toMatchObject({ requestId });
  expect(requestPointer.parse(await stack.get("hitl:session:exact"))).toBe(requestId);
  await ask("thread", { params: { threadId: "exact" } });
  await decide(stack, requestId, "approve");
  const frames = await stream.ended;
  saved = { threadId: "exact", runId: stream.response.headers.get("x-run-id") ?? "", frames };
  expect(signal.parse(await storedJson("hitl:signal:exact"))).toMatchObject({ requestId });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

async function storedJson(key: string): Promise<unknown> {
  return JSON.parse((await stack.get(key)) ?? "null");
}

/** Where and how Aura-Platform itself, and not the Gateway, is asked. */
async function requestOf(operation: Operation, { params = {}, query = "", body, headers }: Asked) {
  const { method, path }: Route = ROUTES[operation];
  const url = `${stack.aura.url}${path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? "")}${query}`;
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return { url, init: { method, headers: { ...(await headersOf()), ...headers }, ...json } };
}

/** The answer's `data`, once its envelope is what the route declares. */
async function ask(operation: Operation, asked: Asked = {}): Promise<unknown> {
  const { answer }: Route = ROUTES[operation];
  if (answer === "stream") throw new Error(`${operation} answers a stream`);
  const { url, init } = await requestOf(operation, asked);
  const body: unknown = await (await fetch(url, init)).json();
  expectExact(operation, successOf(answer), body);
  seen.add(operation);
  return z.object({ data: z.unknown() }).parse(body).data;
}

function expectExact(what: string, schema: z.ZodType, body: unknown): void {
  const { error } = schema.safeParse(body);
  expect(error?.issues ?? [], `${what}: ${JSON.stringify(body).slice(0, 2_000)}`).toEqual([]);
}

/** A stream whose headers are what is declared. */
async function follow(operation: Operation, asked: Asked = {}): Promise<SseStream> {
  expect(ROUTES[operation].answer).toBe("stream");
  const { url, init } = await requestOf(operation, asked);
  const stream = await openStream(url, init);
  expectExact(operation, streamHeaders, Object.fromEntries(stream.response.headers));
  seen.add(operation);
  return stream;
}

/** The envelope of an error. */
async function refused(operation: Operation, status: number, asked: Asked = {}) {
  const { url, init } = await requestOf(operation, asked);
  const response = await fetch(url, init);
  const body: unknown = await response.json();
  expect(response.status).toBe(status);
  expectExact(operation, failureEnvelope, body);
  return failureEnvelope.parse(body);
}

const parsed = (frames: readonly Frame[]): EventFrame[] =>
  frames.flatMap(({ event, data = "" }) => (event === undefined ? [] : [eventFrame.parse(JSON.parse(data))]));

test("every event's frame, live, followed and replayed", async () => {
  const { threadId, runId } = saved;
  const live = parsed(saved.frames);
  const types = ["thought", "plan_step", "tool_execution", "hitl", "content"];
  expect(new Set(live.map(({ type }) => type))).toEqual(new Set(types));
  const replayed = await follow("replayThread", { params: { threadId }, body: { speed: 0 } });
  expect(parsed(await replayed.ended)).toEqual(live);
  expect(parsed(await (await follow("followRun", { params: { runId } })).ended)).toEqual(live);
  const thread = await follow("followThread", { params: { threadId } });
  await thread.event("content");
  thread.close();
  await (await follow("startRunByUrl", { query: "?prompt=hello&threadId=by-url" })).ended;
});

test("what there is to see of runs, threads and the service", async () => {
  const params = { threadId: saved.threadId };
  await ask("run", { params: { runId: saved.runId } });
  for (const [index] of eventsOf(saved.frames).entries()) {
    await ask("runEvent", { params: { runId: saved.runId, seq: `${index + 1}` } });
  }
  await ask("threads", { query: "?status=completed" });
  await ask("threads", { query: "?limit=1" });
  await ask("thread", { params });
  await ask("threadHistory", { params });
  await ask("threadHistory", { params, query: "?limit=2&values=true" });
  await ask("threadAudit", { params });
  await ask("tools");
  await ask("health");
  await ask("readiness");
});

test("what is copied, moved, cancelled and handed in", async () => {
  const params = { threadId: saved.threadId };
  const document = await ask("exportThread", { params });
  const here = await refused("importThread", 409, { body: document });
  expect(here).toMatchObject({ errorCode: "E3001", data: { runId: saved.runId } });
  await ask("removeThread", { params });
  const moved = z.object({ threadId: z.string() }).parse(await ask("importThread", { body: document }));
  await ask("thread", { params: moved });
  await ask("threadAudit", { params: moved });

  const waiting = await follow("startRun", { body: { prompt: MAIL, threadId: "to-cancel" } });
  const { requestId, context } = await waiting.event("hitl");
  const args = { ...context, subject: "edited" };
  await ask("editApproval", { params: { requestId }, body: { arguments: args } });
  await refused("editApproval", 409, { params: { requestId }, body: { arguments: context } });
  await ask("approvals");
  const runId = waiting.response.headers.get("x-run-id") ?? "";
  await ask("cancelRun", { params: { runId } });
  expect(parsed(await waiting.ended)).toContainEqual(
    expect.objectContaining({
      type: "error",
      data: expect.objectContaining({ errorCode: "E3002", reason: "cancelled" }),
    }),
  );
  await ask("threadAudit", { params: { threadId: "to-cancel" } });

  const checkpoint = z.object({ items: z.tuple([z.object({ checkpointId: z.string() })], z.unknown()) });
  const { items } = checkpoint.parse(await ask("threadHistory", { params: moved }));
  const [{ checkpointId }] = items;
  const forked = await follow("forkThread", { params: moved, body: { checkpointId, prompt: "hello" } });
  await forked.ended;
  await ask("thread", { params: { threadId: forked.response.headers.get("x-thread-id") ?? "" } });

  const person = { tenant: USER.tenant, user: "batch" };
  const token = await signToken(JWT_SECRET, { ...person, email: "batch@dwp.com", role: "service" }, 3600);
  const headers = { authorization: `Bearer ${token}`, "x-user-id": "batch", "x-dwp-source": "BATCH" };
  const event = { eventId: "e1", eventType: "MailSentEvent", userId: USER.user, timestamp: 1_706_152_860 };
  const body = [
    { ...event, tenantId: USER.tenant },
    { ...event, tenantId: "another" },
  ];
  expect(await ask("ingestEvents", { headers, body })).toMatchObject({
    accepted: 1,
    refused: [{ index: 1 }],
  });
});

test("errors", async () => {
  const params = { threadId: "nobodys" };
  await refused("thread", 404, { params });
  await refused("thread", 401, { params, headers: { authorization: "" } });
  await refused("thread", 400, { params, headers: { "x-tenant-id": "" } });
  await refused("thread", 403, { params, headers: { "x-tenant-id": "another" } });
  await refused("ingestEvents", 403, { body: [] });
  expect((await refused("startRun", 400, { body: { prompt: "" } })).data).toMatchObject({
    issues: [{ path: "prompt" }],
  });
  const newer = { format: "aura-thread", version: 99 };
  expect((await refused("importThread", 400, { body: newer })).data).toEqual({ version: 99, supported: 1 });
  const [run] = eventsOf(saved.frames);
  expect(run?.id).toContain(saved.runId);
  expect((await refused("cancelRun", 409, { params: { runId: saved.runId } })).data).toMatchObject({
    status: "completed",
  });
});

test("no route was left out", () => {
  expect([...seen].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});
