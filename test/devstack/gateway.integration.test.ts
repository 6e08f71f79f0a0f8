import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll, echoed, gateway, tenant, upstream } from "./gateway-fixture.ts";

afterEach(closeAll);

describe("routing", () => {
  test.each([
    ["/api/aura/hitl/approve/r1", "main", "/aura/hitl/approve/r1"],
    ["/api/aura/hitl", "main", "/aura/hitl"],
    ["/api/aura/hitlist", "aura", "/aura/hitlist"],
    ["/api/aura/test/stream?prompt=a%20b&x=1", "aura", "/aura/test/stream?prompt=a%20b&x=1"],
    ["/api/main/agent/tasks?page=1", "main", "/main/agent/tasks?page=1"],
    ["/api/auth/login", "auth", "/auth/login"],
    ["/api/monitoring/page-view", "auth", "/monitoring/page-view"],
  ])("%s goes to %s", async (path, name, url) => {
    const base = await gateway();
    const answer = await (await fetch(base + path, { headers: tenant })).json();
    expect(answer).toMatchObject({ name, url });
  });

  test("an unknown route is 404 in the envelope", async () => {
    const base = await gateway();
    for (const path of ["/nothing", "/api/nothing"]) {
      const response = await fetch(base + path, { headers: tenant });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ status: "ERROR", success: false, errorCode: "E1004" });
    }
  });

  test("a path that climbs out of its prefix is refused", async () => {
    const base = await gateway();
    const response = await fetch(`${base}/api/aura/%2e%2e%2fsecret`, { headers: tenant });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errorCode: "E4000" });
  });

  test("bodies arrive as sent, whatever their type", async () => {
    const base = await gateway();
    for (const [type, body] of [
      ["application/json", '{"prompt": "안녕",  "n": 1.0}'],
      ["application/json; charset=utf-8", "{not json"],
      ["text/plain", "plain"],
      ["application/x-www-form-urlencoded", "a=b"],
    ] as const) {
      const headers = { ...tenant, "content-type": type };
      const answer = await echoed(fetch(`${base}/api/aura/x`, { method: "POST", headers, body }));
      expect(answer).toMatchObject({ body });
      expect(answer.headers["content-type"]).toBe(type);
    }
  });

  test("POST without a body, and an answered 503, pass unchanged and once", async () => {
    let calls = 0;
    const auraUrl = await upstream((_request, response) => {
      calls += 1;
      response.writeHead(503, { "content-type": "application/json" }).end('{"errorCode":"E5002"}');
    });
    const base = await gateway({ auraUrl });
    const get = await fetch(`${base}/api/aura/x`, { headers: tenant });
    expect([get.status, await get.json()]).toEqual([503, { errorCode: "E5002" }]);
    expect(calls).toBe(1);
    expect((await fetch(`${base}/api/aura/x`, { method: "POST", headers: tenant })).status).toBe(503);
    expect(calls).toBe(2);
  });
});

describe("headers", () => {
  test("[R8.20] defaults are set when missing, and a fresh correlation id", async () => {
    const base = await gateway();
    const first = await echoed(fetch(`${base}/api/aura/x`, { headers: tenant }));
    const second = await echoed(fetch(`${base}/api/aura/x`, { headers: tenant }));
    expect(first.headers).toMatchObject({
      "x-dwp-source": "FRONTEND",
      "x-dwp-caller-type": "USER",
      "x-correlation-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(second.headers["x-correlation-id"]).not.toBe(first.headers["x-correlation-id"]);
    const blank = { ...tenant, "x-dwp-source": "", "x-dwp-caller-type": " ", "x-correlation-id": "" };
    const third = await echoed(fetch(`${base}/api/main/x`, { headers: blank }));
    expect(third.headers).toMatchObject({
      "x-dwp-source": "FRONTEND",
      "x-dwp-caller-type": "USER",
      "x-correlation-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("[R8.20] every header of the client is forwarded", async () => {
    const base = await gateway();
    const headers = {
      ...tenant,
      authorization: "Bearer abc",
      "x-user-id": "user123",
      "x-agent-id": "agent_session_1",
      "last-event-id": "run:3",
      "x-dwp-source": "BATCH",
      "x-dwp-caller-type": "AGENT",
      "x-correlation-id": "mine",
      "accept-language": "en",
      "x-anything": "else",
    };
    const answer = await echoed(fetch(`${base}/api/aura/x`, { headers }));
    expect(answer.headers).toMatchObject(headers);
  });

  test("hop-by-hop headers and Expect do not break a request", async () => {
    const base = new URL(await gateway());
    const request = httpRequest(base, {
      path: "/api/aura/x",
      method: "POST",
      headers: {
        ...tenant,
        expect: "100-continue",
        te: "trailers",
        "keep-alive": "timeout=5",
        "content-length": 2,
      },
    });
    request.end("ok");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(JSON.parse(Buffer.concat(await response.toArray()).toString())).toMatchObject({ body: "ok" });
  });

  test("a GET with a body is forwarded without it", async () => {
    const request = httpRequest(new URL(await gateway()), {
      path: "/api/aura/x",
      headers: { ...tenant, "content-length": 2 },
    });
    request.end("ok");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(JSON.parse(Buffer.concat(await response.toArray()).toString())).toMatchObject({ body: "" });
  });
});

describe("failures", () => {
  test("a service that is down is 503, one that does not answer 504, one that hangs up 502", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const base = await gateway({
      auraUrl: `http://127.0.0.1:${port}`,
      mainUrl: await upstream(() => {}),
      authUrl: await upstream((request) => request.destroy()),
      idleTimeoutMs: 2_000,
    });
    for (const [path, status, errorCode] of [
      ["/api/aura/x", 503, "E5002"],
      ["/api/main/x", 504, "E5001"],
      ["/api/auth/x", 502, "E5000"],
    ] as const) {
      const response = await fetch(base + path, { headers: { ...tenant, "accept-language": "en" } });
      expect(response.status).toBe(status);
      const answer = await response.json();
      expect(answer).toMatchObject({ status: "ERROR", success: false, errorCode });
      expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|ECONN|UND_ERR/);
    }
  });
});

describe("developer routes", () => {
  test("GET / and GET /dev/mailbox need nothing", async () => {
    const mail = {
      messageId: "<1@x>",
      from: "a@x",
      to: ["b@x"],
      cc: [],
      subject: "s",
      text: "t",
      recipients: ["b@x"],
      receivedAt: "2024-01-16T12:00:00.000Z",
    };
    const base = await gateway({ mails: () => [mail], page: () => "<!doctype html><h1>here</h1>" });
    const page = await fetch(base);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("<h1>here</h1>");
    expect(await (await fetch(`${base}/dev/mailbox`)).json()).toEqual({ items: [mail] });
  });
});
