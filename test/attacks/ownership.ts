import assert from "node:assert/strict";
import type { Person } from "../helpers/stack.ts";
import type { Attack } from "./attack.ts";
import type { Target } from "./target.ts";

const STRANGER: Person = { user: "user456", tenant: "2" };
const COLLEAGUE: Person = { user: "admin", tenant: "1" };
const MAIL = '!call send_email {"to":"kim@example.com","subject":"Private","body":"hello"}';

interface Victim {
  threadId: string;
  runId: string;
  requestId: string;
}

/** A thread of user123's that waits for an approval; one for each attack, since some of them would change it. */
async function victim(target: Target, name: string): Promise<Victim> {
  const threadId = `own-${name.replaceAll(/[^a-z]/g, "-")}-${target.backend}`;
  const stream = await target.prompt(MAIL, { threadId });
  const { requestId } = await stream.event("hitl");
  stream.close();
  return { threadId, runId: stream.response.headers.get("x-run-id") ?? "", requestId };
}

/** Neither a colleague nor somebody of another tenant may even learn that it exists. */
function hidden(
  name: string,
  method: string,
  path: (victim: Victim) => string,
  body?: (victim: Victim) => unknown,
): Attack {
  return {
    area: "ownership",
    name,
    async run(target) {
      const mine = await victim(target, name);
      for (const person of [STRANGER, COLLEAGUE]) {
        const { status, json, text } = await target.ask(method, path(mine), {
          person,
          ...(body === undefined ? {} : { body: body(mine) }),
        });
        assert.deepEqual([status, json?.errorCode], [404, "E1004"]);
        assert.equal(text.includes("Private") || text.includes("kim@"), false);
      }
      const { json } = await target.ask("GET", `/threads/${mine.threadId}`);
      assert.equal(json.data.status, "waiting");
    },
  };
}

export const ownership: Attack[] = [
  hidden("another's thread, shown", "GET", ({ threadId }) => `/threads/${threadId}`),
  hidden("another's history", "GET", ({ threadId }) => `/threads/${threadId}/history?values=true`),
  hidden("another's audit", "GET", ({ threadId }) => `/threads/${threadId}/audit`),
  hidden("another's thread, exported", "GET", ({ threadId }) => `/threads/${threadId}/export`),
  hidden("another's thread, deleted", "DELETE", ({ threadId }) => `/threads/${threadId}`),
  hidden("another's thread, followed", "GET", ({ threadId }) => `/threads/${threadId}/stream`),
  hidden("another's run, reported", "GET", ({ runId }) => `/runs/${runId}`),
  hidden("another's event, whole", "GET", ({ runId }) => `/runs/${runId}/events/1`),
  hidden("another's run, followed", "GET", ({ runId }) => `/runs/${runId}/stream`),
  hidden(
    "another's approval, edited",
    "POST",
    ({ requestId }) => `/approvals/${requestId}/edit`,
    () => ({ arguments: { to: "evil@example.com", subject: "Private", body: "hello" } }),
  ),
  hidden("another's run, cancelled", "POST", ({ runId }) => `/runs/${runId}/cancel`),
  hidden(
    "another's thread, replayed",
    "POST",
    ({ threadId }) => `/threads/${threadId}/replay`,
    () => ({ speed: 0 }),
  ),
  hidden(
    "another's thread, forked",
    "POST",
    ({ threadId }) => `/threads/${threadId}/fork`,
    () => ({ checkpointId: "1f000000-0000-6000-8000-000000000000", prompt: "go on" }),
  ),
  hidden(
    "a prompt into another's thread",
    "POST",
    () => "/test/stream",
    ({ threadId }) => ({ prompt: "hello", threadId }),
  ),
  {
    area: "ownership",
    name: "the place in another's stream",
    async run(target) {
      const { runId } = await victim(target, "last event id");
      for (const person of [STRANGER, COLLEAGUE]) {
        const { status } = await target.ask("POST", "/test/stream", {
          person,
          body: { prompt: "hello" },
          headers: { "last-event-id": `${runId}:1` },
        });
        assert.equal(status, 404);
      }
    },
  },
  {
    area: "ownership",
    name: "the list of what waits, and of threads",
    async run(target) {
      const { threadId, requestId } = await victim(target, "lists");
      for (const person of [STRANGER, COLLEAGUE]) {
        for (const path of ["/approvals", "/threads?limit=100"]) {
          const { status, text } = await target.ask("GET", path, { person });
          assert.equal(status, 200);
          assert.equal(text.includes(threadId) || text.includes(requestId), false);
        }
      }
    },
  },
  {
    area: "ownership",
    name: "another tenant approves at Main Service",
    async run(target) {
      const { requestId } = await victim(target, "tenant approves");
      const { status, json } = await target.decide(requestId, "approve", STRANGER);
      assert.deepEqual([status, json.errorCode], [403, "E2007"]);
    },
  },
  {
    area: "ownership",
    name: "a file that says whose it is",
    async run(target) {
      const { threadId } = await victim(target, "file of somebody");
      const { json } = await target.ask("GET", `/threads/${threadId}/export`);
      const text = JSON.stringify(json.data)
        .replaceAll("run-", "run-f")
        .replaceAll("req-", "req-f")
        .replaceAll('"threadId":', '"tenantId":"1","userId":"user123","threadId":');
      const imported = await target.ask("POST", "/threads/import", { person: STRANGER, body: text });
      assert.equal(imported.status, 200);
      const newId = imported.json.data.threadId;
      assert.equal((await target.ask("GET", `/threads/${newId}`)).status, 404);
      assert.equal((await target.ask("GET", `/threads/${newId}`, { person: STRANGER })).status, 200);
    },
  },
  {
    area: "ownership",
    name: "another's Idempotency-Key",
    async run(target) {
      const body = { prompt: "hello", threadId: `key-a-${target.backend}` };
      const headers = { "idempotency-key": `guessed-${target.backend}` };
      const mine = await target.ask("POST", "/test/stream", { body, headers });
      const theirs = await target.ask("POST", "/test/stream", {
        person: COLLEAGUE,
        body: { ...body, threadId: `key-b-${target.backend}` },
        headers,
      });
      assert.notEqual(mine.headers.get("x-run-id"), theirs.headers.get("x-run-id"));
    },
  },
];
