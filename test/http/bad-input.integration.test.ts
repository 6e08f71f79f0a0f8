import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, headersOf, JWT_SECRET, type Stack, startStack } from "../helpers/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ backend: "embedded" });
});
afterAll(() => stack.close());

const nowS = () => Math.floor(Date.now() / 1000);
const CLAIMS = { sub: "user123", tenant_id: "1", email: "user@dwp.com", role: "user" };

const sign = (claims: Record<string, unknown>, secret = JWT_SECRET, alg = "HS256") =>
  new SignJWT({ exp: nowS() + 3600, iat: nowS(), ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));

/** Straight to Aura, so that nothing is answered by the Gateway in its place. */
const post = async (headers: Record<string, string | undefined>, body: unknown = { prompt: "hello" }) => {
  const all = { ...(await headersOf()), ...headers };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return fetch(`${stack.aura.url}/aura/test/stream`, {
    method: "POST",
    headers: sent,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
};

const refused = async (response: Response, status: number, errorCode: string) => {
  const body: any = await response.json();
  expect([response.status, body.errorCode]).toEqual([status, errorCode]);
  expect(body).toMatchObject({ status: "ERROR", success: false, message: expect.stringMatching(/[가-힣]/) });
  expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  expect(body.agentMetadata.traceId).toBe(response.headers.get("x-correlation-id"));
  return body;
};

const runsStarted = () => stack.logs.filter(({ msg }) => msg === "stream opened").length;

describe("tokens", () => {
  const rs256 = () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return new SignJWT({ ...CLAIMS, exp: nowS() + 60 })
      .setProtectedHeader({ alg: "RS256" })
      .sign(createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })));
  };
  const cases: [string, () => Promise<string | undefined> | string | undefined, number, string][] = [
    ["[R2.4] no Authorization", () => undefined, 401, "E2000"],
    ["[R2.4] not Bearer", () => "Basic dXNlcjpwYXNz", 401, "E2000"],
    ["[R2.4] Bearer and nothing", () => "Bearer ", 401, "E2000"],
    ["[R2.1] not a JWT", () => "Bearer x.y.z", 401, "E2003"],
    ["[R2.1] garbage", () => "Bearer ....", 401, "E2003"],
    [
      "[R2.1] alg none",
      () => `Bearer ${new UnsecuredJWT({ ...CLAIMS, exp: nowS() + 60 }).encode()}`,
      401,
      "E2003",
    ],
    ["[R2.1] RS256", async () => `Bearer ${await rs256()}`, 401, "E2003"],
    ["[R2.1] HS512", async () => `Bearer ${await sign(CLAIMS, JWT_SECRET, "HS512")}`, 401, "E2003"],
    ["[R2.1] another secret", async () => `Bearer ${await sign(CLAIMS, "x".repeat(32))}`, 401, "E2003"],
    ["[R2.2] expired", async () => `Bearer ${await sign({ ...CLAIMS, exp: nowS() - 10 })}`, 401, "E2002"],
    ["[R2.3] no exp", async () => `Bearer ${await sign({ ...CLAIMS, exp: undefined })}`, 401, "E2003"],
    [
      "[R2.3] exp is text",
      async () => `Bearer ${await sign({ ...CLAIMS, exp: `${nowS() + 60}` as never })}`,
      401,
      "E2003",
    ],
    ["[R2.3] exp is absurd", async () => `Bearer ${await sign({ ...CLAIMS, exp: 1e308 })}`, 401, "E2003"],
    [
      "[R2.3] exp is milliseconds",
      async () => `Bearer ${await sign({ ...CLAIMS, exp: Date.now() })}`,
      401,
      "E2003",
    ],
    [
      "[R2.3] iat in the future",
      async () => `Bearer ${await sign({ ...CLAIMS, iat: nowS() + 600 })}`,
      401,
      "E2003",
    ],
    [
      "[R2.3] iat is text",
      async () => `Bearer ${await sign({ ...CLAIMS, iat: `${nowS()}` as never })}`,
      401,
      "E2003",
    ],
    ["[R2.3] blank sub", async () => `Bearer ${await sign({ ...CLAIMS, sub: " \u00a0" })}`, 401, "E2003"],
    [
      "[R2.3] blank tenant_id",
      async () => `Bearer ${await sign({ ...CLAIMS, tenant_id: "\t" })}`,
      401,
      "E2003",
    ],
    ["[R2.3] no sub", async () => `Bearer ${await sign({ ...CLAIMS, sub: undefined })}`, 401, "E2003"],
    [
      "[R2.3] no tenant_id",
      async () => `Bearer ${await sign({ ...CLAIMS, tenant_id: undefined })}`,
      401,
      "E2003",
    ],
  ];
  test.each(cases)("%s", async (_, authorization, status, code) => {
    const before = runsStarted();
    const response = await post({ authorization: await authorization() });
    await refused(response, status, code);
    expect(runsStarted()).toBe(before);
  });

  test("[R2.2] 5 seconds of clock skew are tolerated, and a numeric tenant is compared as text", async () => {
    const token = await sign({ ...CLAIMS, tenant_id: 7, exp: nowS() - 2 });
    const response = await post({ authorization: `Bearer ${token}`, "x-tenant-id": "7" });
    expect(response.status).toBe(200);
    await response.text();
  });
});

/** A prompt whose context nests so deeply; as text, because JSON.stringify could not write it. */
function nested(depth: number, open = '{"x":', close = "}"): string {
  return `{"prompt":"hello","context":{"x":${open.repeat(depth)}1${close.repeat(depth)}}}`;
}

describe("headers and bodies", () => {
  const valid = { prompt: "hello" };
  const big = { prompt: "hello", context: { pad: "x".repeat(300 * 1024) } };
  const cases: [string, Record<string, string | undefined>, unknown, number, string][] = [
    ["[R2.5] no tenant", { "x-tenant-id": undefined }, valid, 400, "E2006"],
    ["[R2.5] empty tenant", { "x-tenant-id": "" }, valid, 400, "E2006"],
    ["[R2.5] another tenant", { "x-tenant-id": "2" }, valid, 403, "E2007"],
    ["[R2.6] another user", { "x-user-id": "user456" }, valid, 403, "E2001"],
    ["[R5.2] empty prompt", {}, { prompt: "" }, 400, "E4000"],
    ["[R5.2] blank prompt", {}, { prompt: " \n " }, 400, "E4000"],
    ["[R5.2] no prompt", {}, {}, 400, "E4000"],
    ["[R5.2] prompt too long", {}, { prompt: "가".repeat(32_001) }, 400, "E4000"],
    ["[R5.2] prompt of the wrong type", {}, { prompt: 1 }, 400, "E4000"],
    ["[R5.2] context of the wrong type", {}, { prompt: "hello", context: [] }, 400, "E4000"],
    ["[R5.2] body of the wrong type", {}, [], 400, "E4000"],
    ["[R5.2] null body", {}, "null", 400, "E4000"],
    ["[R5.2] malformed JSON", {}, '{"prompt":', 400, "E4000"],
    ["[R5.2] empty body", {}, "", 400, "E4000"],
    ["[R5.2] context nested thousands deep", {}, nested(20_000), 400, "E4000"],
    ["[R5.2] context nested in lists and objects", {}, nested(101, '[{"x":', "}]"), 400, "E4000"],
    ["[R5.2] another content type", { "content-type": "text/plain" }, "hello", 400, "E4000"],
    ["[R5.2] body over 256 KB", {}, big, 413, "E4000"],
    ["[R5.2] bad thread id", {}, { prompt: "hello", threadId: "a*b" }, 400, "E4000"],
    ["[R5.2] thread id too long", {}, { prompt: "hello", sessionId: "a".repeat(129) }, 400, "E4000"],
    ["[R5.2] thread id of the wrong type", {}, { prompt: "hello", thread_id: {} }, 400, "E4000"],
    ["[R5.2] two different threads", {}, { prompt: "hello", threadId: "a", sessionId: "b" }, 400, "E4000"],
    ["[R8.3] an event id that is none", { "last-event-id": "1706152860123456" }, valid, 404, "E1004"],
    ["[R8.3] an unknown run", { "last-event-id": "run-unknown:0" }, valid, 404, "E1004"],
  ];
  test.each(cases)("%s", async (_, headers, body, status, code) => {
    const before = runsStarted();
    await refused(await post(headers, body), status, code);
    expect(runsStarted()).toBe(before);
  });

  test("the answer names the field that is wrong, and not what was in it", async () => {
    const body = await refused(await post({}, { prompt: "hello", threadId: "<secret>" }), 400, "E4000");
    expect(body.message).toContain("threadId");
    expect(JSON.stringify(body)).not.toContain("<secret>");
  });

  test("messages are English where the client asks for it", async () => {
    const response = await post({ authorization: undefined, "accept-language": "en-US,en;q=0.9,ko;q=0.8" });
    expect(await response.json()).toMatchObject({ message: "Authentication is required." });
  });

  test("exactly 32,000 characters are a prompt", async () => {
    const response = await post({}, { prompt: "가".repeat(32_000) });
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });
});

test("a context that nests as deep as anything real is taken, and the thread can be moved", async () => {
  const stream = await post({}, nested(90));
  expect(stream.status).toBe(200);
  const threadId = stream.headers.get("x-thread-id");
  await stream.text();
  const headers = await headersOf();
  const exported = await fetch(`${stack.aura.url}/aura/threads/${threadId}/export`, { headers });
  const document = JSON.stringify(((await exported.json()) as any).data).replaceAll('"run-', '"run-moved-');
  const imported = await fetch(`${stack.aura.url}/aura/threads/import`, {
    method: "POST",
    headers,
    body: document,
  });
  expect(imported.status).toBe(200);
});

test("a body's type without a body is no body: DELETE, cancel and replay work with it", async () => {
  const stream = await post({ "x-agent-id": "typed-but-empty" });
  await stream.text();
  const runId = stream.headers.get("x-run-id");
  const headers = await headersOf();
  const at = (method: string, path: string) => fetch(`${stack.aura.url}/aura${path}`, { method, headers });
  const cancel = await at("POST", `/runs/${runId}/cancel`);
  expect([cancel.status, ((await cancel.json()) as any).errorCode]).toEqual([409, "E3002"]);
  const replay = await at("POST", "/threads/typed-but-empty/replay");
  expect(replay.status).toBe(200);
  await replay.body?.cancel();
  expect((await at("DELETE", "/threads/typed-but-empty")).status).toBe(200);
});

describe("routes", () => {
  const at = async (method: string, path: string, headers: Record<string, string> = {}) =>
    fetch(`${stack.aura.url}${path}`, { method, headers: { ...(await headersOf()), ...headers } });

  test.each([
    ["GET", "/"],
    ["GET", "/aura"],
    ["POST", "/aura/test/streams"],
    ["GET", "/aura/runs/run-unknown"],
    ["GET", "/aura/runs/run-unknown/events/1"],
  ])("[R5.3] %s %s is 404", async (method, path) => {
    await refused(await at(method, path), 404, "E1004");
  });

  test.each([
    ["PUT", "/aura/test/stream"],
    ["DELETE", "/health"],
    ["POST", "/aura/runs/r1"],
  ])("[R5.3] %s %s is 405", async (method, path) => {
    const response = await at(method, path);
    expect(response.headers.get("allow")).toMatch(/GET/);
    await refused(response, 405, "E1002");
  });

  test("[R5.3] a HEAD request starts no run", async () => {
    const before = runsStarted();
    expect((await at("HEAD", "/aura/test/stream?prompt=hello")).status).toBe(405);
    expect(runsStarted()).toBe(before);
  });

  test.each([
    "/aura/runs/%zz",
    "/aura/runs/a%20b",
    "/aura/runs/*",
    `/aura/runs/${"a".repeat(129)}`,
    "/aura/runs/r/events/0",
  ])("[R5.2] %s is a malformed id", async (path) => {
    await refused(await at("GET", path), 400, "E4000");
  });
});

describe("other people's things", () => {
  const stranger = { user: "user456", tenant: "2" };
  const colleague = { user: "admin", tenant: "1" };

  test.each([stranger, colleague])(
    "[R5.4] a thread, its runs and its events do not exist for $user",
    async (person) => {
      const threadId = `private-${person.user}`;
      const mine = await chat(stack, { prompt: "hello", threadId });
      await mine.ended;
      const runId = mine.response.headers.get("x-run-id");
      const headers = await headersOf(person);
      await refused(await post(headers, { prompt: "hello", threadId }), 404, "E1004");
      await refused(await post({ ...headers, "last-event-id": `${runId}:0` }), 404, "E1004");
      for (const path of [`/aura/runs/${runId}`, `/aura/runs/${runId}/events/1`]) {
        await refused(await fetch(`${stack.aura.url}${path}`, { headers }), 404, "E1004");
      }
      const own = await fetch(`${stack.aura.url}/aura/runs/${runId}/events/1`, {
        headers: await headersOf(),
      });
      expect(await own.json()).toMatchObject({ status: "SUCCESS", data: { type: "thought" } });
    },
  );
});
