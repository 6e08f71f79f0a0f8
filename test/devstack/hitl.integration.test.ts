import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMainService } from "../../devstack/main-service.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import {
  embedded,
  expiredToken,
  headersOf,
  redisBacked,
  type Shared,
  secret,
  stored,
} from "./hitl-fixture.ts";

describe.each(["embedded", "redis"] as const)("HITL API on %s", (kind) => {
  let redis: TestRedis | undefined;
  let shared: Shared;
  let app: FastifyInstance;
  let headers: Record<string, string>;

  beforeAll(async () => {
    if (kind === "redis") redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  beforeEach(async () => {
    shared = redis === undefined ? embedded() : await redisBacked(redis);
    app = createMainService({ jwtSecret: secret, hitl: shared.storage });
    await shared.set("hitl:request:req-12345", JSON.stringify(stored), 60);
    await shared.set("hitl:session:session-1", "req-12345", 3600);
    headers = await headersOf("user123", "1");
  });
  afterEach(async () => {
    await app.close();
    await shared.close();
  });

  const get = async (url: string, as = headers) => {
    const response = await app.inject({ url, headers: as });
    return { status: response.statusCode, body: response.json() };
  };
  const post = async (url: string, payload: unknown, as = headers) => {
    const body = payload as Record<string, unknown>;
    const response = await app.inject({ method: "POST", url, headers: as, payload: body });
    return { status: response.statusCode, body: response.json() };
  };
  const storedNow = async () => JSON.parse((await shared.get("hitl:request:req-12345")) ?? "null");

  test("GET request answers the envelope with data as a JSON string", async () => {
    const { status, body } = await get("/aura/hitl/requests/req-12345");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "SUCCESS",
      success: true,
      message: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    });
    expect(body).not.toHaveProperty("errorCode");
    expect(body.data).toBeTypeOf("string");
    expect(JSON.parse(body.data)).toEqual(stored);
  });

  test("approve rewrites the request, sets the signal and publishes it", async () => {
    const { status, body } = await post("/aura/hitl/approve/req-12345", { userId: "user123" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "SUCCESS", success: true });
    expect(body.data).toEqual({ requestId: "req-12345", sessionId: "session-1", status: "approved" });

    const { approvedAt, ...request } = await storedNow();
    expect(request).toEqual({ ...stored, status: "approved", approvedBy: "user123" });
    expect(approvedAt).toBeGreaterThan(1_706_152_860_123);
    expect(await shared.ttl("hitl:request:req-12345")).toBeGreaterThan(60);
    expect(await shared.ttl("hitl:request:req-12345")).toBeLessThanOrEqual(1800);
    expect(await shared.ttl("hitl:signal:session-1")).toBeGreaterThan(60);
    expect(await shared.ttl("hitl:signal:session-1")).toBeLessThanOrEqual(300);

    await shared.settled();
    const signal = await shared.get("hitl:signal:session-1");
    expect(shared.heard).toEqual([["hitl:channel:session-1", signal]]);
    const { timestamp, ...rest } = JSON.parse(signal ?? "");
    expect(rest).toEqual({ type: "approval", requestId: "req-12345", status: "approved" });
    expect(timestamp).toBe(Math.floor(approvedAt / 1000));

    const copy = await get("/aura/hitl/signals/session-1");
    expect(copy.status).toBe(200);
    expect(copy.body.data).toBe(signal);
  });

  test.each([
    [{ userId: "user123", reason: "wrong address" }, "wrong address"],
    [{ userId: "user123" }, "User rejected"],
    [{ userId: "user123", reason: "" }, "User rejected"],
  ])("reject %j gives the reason %j", async (payload, reason) => {
    const { status, body } = await post("/aura/hitl/reject/req-12345", payload);
    expect(status).toBe(200);
    expect(body.data).toEqual({ requestId: "req-12345", sessionId: "session-1", status: "rejected", reason });
    expect(await storedNow()).toMatchObject({ status: "rejected", rejectedBy: "user123", reason });
    await shared.settled();
    expect(shared.heard.map(([, message]) => JSON.parse(message))).toEqual([
      {
        type: "rejection",
        requestId: "req-12345",
        status: "rejected",
        reason,
        timestamp: expect.any(Number),
      },
    ]);
  });

  test("a second decision is 409 in the success envelope, with the decision that stands", async () => {
    await post("/aura/hitl/reject/req-12345", { userId: "user123", reason: "no" });
    const signal = await shared.get("hitl:signal:session-1");
    const before = await storedNow();
    const second = await post("/aura/hitl/approve/req-12345", { userId: "user123" });
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ status: "SUCCESS", success: true });
    expect(second.body).not.toHaveProperty("errorCode");
    expect(second.body.data).toEqual({
      requestId: "req-12345",
      sessionId: "session-1",
      status: "rejected",
      reason: "no",
    });
    await shared.settled();
    expect(shared.heard).toHaveLength(1);
    expect(await shared.get("hitl:signal:session-1")).toBe(signal);
    expect(await storedNow()).toEqual(before);
  });

  test.each(["expired", "superseded", "cancelled", ""])(
    "only approved and rejected count as decided: a request that is '%s' is approved with 200",
    async (status) => {
      await shared.set("hitl:request:req-12345", JSON.stringify({ ...stored, status }), 60);
      const answer = await post("/aura/hitl/approve/req-12345", { userId: "user123" });
      expect(answer.status).toBe(200);
      expect(answer.body.data).toMatchObject({ status: "approved" });
      await shared.settled();
      expect(shared.heard).toHaveLength(1);
    },
  );

  test("what Aura has settled is decided: 409 with the reason, and what it does not know stays", async () => {
    const settled = {
      ...stored,
      status: "rejected",
      settledBy: "aura",
      outcome: "expired",
      reason: "too late",
    };
    await shared.set("hitl:request:req-12345", JSON.stringify(settled), 60);
    const answer = await post("/aura/hitl/approve/req-12345", { userId: "user123" });
    expect(answer.status).toBe(409);
    expect(answer.body.data).toEqual({
      requestId: "req-12345",
      sessionId: "session-1",
      status: "rejected",
      reason: "too late",
    });
    expect(await storedNow()).toEqual(settled);
    await shared.set("hitl:request:req-12345", JSON.stringify({ ...settled, status: "pending" }), 60);
    expect((await post("/aura/hitl/reject/req-12345", { userId: "user123" })).status).toBe(200);
    expect(await storedNow()).toMatchObject({ settledBy: "aura", outcome: "expired", rejectedBy: "user123" });
  });

  test("of 20 parallel decisions one is made and published, and all agree on it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        post(`/aura/hitl/${i % 2 ? "approve" : "reject"}/req-12345`, { userId: "user123" }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => body.data.status)).size).toBe(1);
    await shared.settled();
    expect(shared.heard).toHaveLength(1);
    expect(JSON.parse(shared.heard[0]![1]).status).toBe((await storedNow()).status);
  });

  test("no signal yet: 200 without data", async () => {
    const { status, body } = await get("/aura/hitl/signals/session-1");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "SUCCESS", message: expect.any(String) });
    expect(body).not.toHaveProperty("data");
  });

  test("an unknown or expired request is 404 E1004", async () => {
    for (const answer of [
      await get("/aura/hitl/requests/unknown"),
      await post("/aura/hitl/approve/unknown", { userId: "user123" }),
      await post("/aura/hitl/reject/unknown", { userId: "user123" }),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { status: "ERROR", errorCode: "E1004" } });
    }
  });

  test("another tenant's request is 403 E2007", async () => {
    const foreign = await headersOf("user456", "2");
    for (const answer of [
      await get("/aura/hitl/requests/req-12345", foreign),
      await get("/aura/hitl/signals/session-1", foreign),
      await post("/aura/hitl/approve/req-12345", { userId: "user456" }, foreign),
      await post("/aura/hitl/reject/req-12345", { userId: "user456" }, foreign),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { status: "ERROR", errorCode: "E2007" } });
    }
    expect((await storedNow()).status).toBe("pending");
  });

  test("who may decide: the token's user, in the token's tenant, named three times alike", async () => {
    const without = (name: string) =>
      Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
    const cases: [Record<string, string>, unknown, number, string][] = [
      [without("authorization"), { userId: "user123" }, 401, "E2000"],
      [{ ...headers, authorization: "Basic abc" }, { userId: "user123" }, 401, "E2000"],
      [{ ...headers, authorization: "Bearer abc" }, { userId: "user123" }, 401, "E2003"],
      [{ ...headers, authorization: await expiredToken() }, { userId: "user123" }, 401, "E2002"],
      [without("x-tenant-id"), { userId: "user123" }, 400, "E2006"],
      [{ ...headers, "x-tenant-id": "2" }, { userId: "user123" }, 403, "E2007"],
      [without("x-user-id"), { userId: "user123" }, 400, "E4000"],
      [{ ...headers, "x-user-id": "admin" }, { userId: "user123" }, 403, "E2001"],
      [headers, { userId: "admin" }, 403, "E2001"],
      [headers, {}, 400, "E4000"],
      [headers, { userId: 5 }, 400, "E4000"],
      [headers, "{", 400, "E4000"],
    ];
    for (const route of ["approve", "reject"]) {
      for (const [as, payload, status, errorCode] of cases) {
        const withType = { "content-type": "application/json", ...as };
        const answer = await post(`/aura/hitl/${route}/req-12345`, payload, withType);
        expect([errorCode, answer]).toMatchObject([
          errorCode,
          { status, body: { status: "ERROR", errorCode } },
        ]);
      }
    }
    expect((await storedNow()).status).toBe("pending");
    await shared.settled();
    expect(shared.heard).toEqual([]);
  });

  test("a malformed id is 400 E4000", async () => {
    expect(await get("/aura/hitl/requests/a%20b")).toMatchObject({
      status: 400,
      body: { errorCode: "E4000" },
    });
    expect(await get(`/aura/hitl/signals/${"x".repeat(129)}`)).toMatchObject({ status: 400 });
    expect(await get(`/aura/hitl/signals/${"x".repeat(128)}`)).toMatchObject({ status: 200 });
  });

  test("messages follow Accept-Language", async () => {
    const korean = await get("/aura/hitl/requests/unknown");
    const english = await get("/aura/hitl/requests/unknown", { ...headers, "accept-language": "en-US,en" });
    expect(korean.body.message).toBe("요청한 리소스를 찾을 수 없습니다.");
    expect(english.body.message).toBe("Resource not found.");
  });

  // The other storage is this process itself.
  if (kind === "redis") {
    test("503 E5002 while Redis is away", async () => {
      await redis?.down();
      try {
        expect(await get("/aura/hitl/requests/req-12345")).toMatchObject({
          status: 503,
          body: { status: "ERROR", errorCode: "E5002" },
        });
      } finally {
        await redis?.up();
      }
    });
  }
});
