import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMainService } from "../../devstack/main-service.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRedis, type TestRedis } from "../helpers/redis.ts";
import { embedded, headersOf, redisBacked, type Shared, secret, stored } from "./hitl-fixture.ts";

/**
 * Main Service's API as docs/contract.md, section 8, has observed it: one block of tests per sentence, over
 * HTTP, and what was published read where Aura hears it.
 */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const tasks = "/main/agent/tasks";
const asked = { taskType: "send_email", userId: "user123", tenantId: "1", description: "메일을 보내 주세요" };

describe.each(["embedded", "redis"] as const)("Main Service's API, %s", (kind) => {
  let redis: TestRedis | undefined;
  let shared: Shared;
  let app: FastifyInstance;
  let url: string;
  let user: Record<string, string>;

  beforeAll(async () => {
    if (kind === "redis") redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    shared = redis === undefined ? embedded() : await redisBacked(redis);
    app = createMainService({ jwtSecret: secret, hitl: shared.storage });
    url = await app.listen({ port: 0, host: "127.0.0.1" });
    user = await headersOf("user123", "1");
    await store({});
    await shared.set("hitl:session:session-1", "req-12345", 3600);
  });
  afterEach(async () => {
    await app.close();
    await shared.close();
  });

  const call = async (method: string, path: string, body?: unknown, headers = user) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const envelope: any = await response.json();
    return { status: response.status, envelope, data: envelope.data, errorCode: envelope.errorCode };
  };
  const store = (change: object, ttlS = 60) =>
    shared.set("hitl:request:req-12345", JSON.stringify({ ...stored, ...change }), ttlS);
  const request = async () => JSON.parse((await shared.get("hitl:request:req-12345")) ?? "null");
  const decide = (route: "approve" | "reject", body: object = {}, headers = user) =>
    call("POST", `/aura/hitl/${route}/req-12345`, { userId: "user123", ...body }, headers);
  const started = async (change: object = {}): Promise<string> => {
    const { data } = await call("POST", tasks, { ...asked, ...change });
    await call("POST", `${tasks}/${data.taskId}/start`);
    return `${tasks}/${data.taskId}`;
  };
  const listed = async () => (await call("GET", `${tasks}?userId=user123&tenantId=1`)).data.content;

  describe("[R8.10] approve and reject require JWT tenant_id == X-Tenant-ID and sub == X-User-ID", () => {
    test.each(["approve", "reject"] as const)("%s", async (route) => {
      for (const [change, status] of [
        [{ "x-tenant-id": "2" }, 403],
        [{ "x-user-id": "admin" }, 403],
        [{ "x-user-id": "" }, 400],
        [{ "x-tenant-id": "" }, 400],
        [{ authorization: "" }, 401],
      ] as const) {
        const { envelope, ...answer } = await decide(route, {}, { ...user, ...change });
        expect([change, answer.status, envelope.success]).toEqual([change, status, false]);
      }
      expect(await request()).toMatchObject({ status: "pending" });
      await shared.settled();
      expect(shared.heard).toEqual([]);
    });
  });

  describe("[R8.11] the HITL controller takes the tenant as a whole number", () => {
    test.each(["tenant1", "1.5", "0x1", "1e3", "한국지사"])("and not %s", async (tenant) => {
      await store({ tenantId: tenant });
      const headers = await headersOf("user123", tenant);
      headers["x-tenant-id"] = encodeURIComponent(tenant);
      for (const route of ["approve", "reject"] as const) {
        const answer = await decide(route, {}, headers);
        expect([answer.status, answer.envelope.success]).toEqual([400, false]);
      }
      expect(await request()).toMatchObject({ status: "pending" });
    });

    test.each(["1", "20260124", "999999999999999999"])("but %s", async (tenant) => {
      await store({ tenantId: tenant });
      expect((await decide("approve", {}, await headersOf("user123", tenant))).status).toBe(200);
    });
  });

  describe("[R8.12] approve checks the stored tenant (mismatch: 403 E2007), reject likewise", () => {
    test.each(["approve", "reject"] as const)("%s", async (route) => {
      await store({ tenantId: "2" });
      expect(await decide(route)).toMatchObject({ status: 403, errorCode: "E2007" });
      expect(await request()).toMatchObject({ status: "pending" });
    });
  });

  describe("[R8.13] a decision rewrites the request with a fresh 30 min TTL, then sets the signal, then publishes", () => {
    test.each(["approve", "reject"] as const)("%s writes in this order", async (route) => {
      await decide(route);
      await eventually(() =>
        expect(shared.order.slice(-3)).toEqual([
          "set hitl:request:req-12345",
          "set hitl:signal:session-1",
          "publish hitl:channel:session-1",
        ]),
      );
    });

    test("approve: approvedBy, approvedAt (ms)", async () => {
      await store({ taskId: "8a7f", extra: { kept: [1] } });
      const before = await request();
      const { status, data } = await decide("approve");
      expect([status, data]).toEqual([
        200,
        { requestId: "req-12345", sessionId: "session-1", status: "approved" },
      ]);
      const { approvedAt, ...rest } = await request();
      expect(rest).toEqual({ ...before, status: "approved", approvedBy: "user123" });
      expect(approvedAt).toBeGreaterThan(1_700_000_000_000);
      expect(await shared.ttl("hitl:request:req-12345")).toBeGreaterThan(29 * 60);
      await shared.settled();
      const signal = await shared.get("hitl:signal:session-1");
      expect(shared.heard).toEqual([["hitl:channel:session-1", signal]]);
      expect(JSON.parse(signal ?? "")).toEqual({
        type: "approval",
        requestId: "req-12345",
        status: "approved",
        timestamp: Math.floor(approvedAt / 1000),
      });
    });

    test.each([
      [{}, "User rejected"],
      [{ reason: "주소가 틀립니다" }, "주소가 틀립니다"],
    ])("reject %j: rejectedBy, rejectedAt (ms), reason %s", async (body, reason) => {
      const { status, data } = await decide("reject", body);
      expect([status, data]).toEqual([
        200,
        { requestId: "req-12345", sessionId: "session-1", status: "rejected", reason },
      ]);
      const { rejectedAt, ...rest } = await request();
      expect(rest).toMatchObject({ status: "rejected", rejectedBy: "user123", reason });
      expect(await shared.ttl("hitl:request:req-12345")).toBeGreaterThan(29 * 60);
      await shared.settled();
      expect(shared.heard.map(([, text]) => JSON.parse(text))).toEqual([
        {
          type: "rejection",
          requestId: "req-12345",
          status: "rejected",
          reason,
          timestamp: Math.floor(rejectedAt / 1000),
        },
      ]);
    });
  });

  test("[R8.14] a second decision: HTTP 409, the success envelope, the decision that stands; nothing is published", async () => {
    await decide("reject", { reason: "no" });
    const before = await request();
    for (const route of ["approve", "reject"] as const) {
      const { status, envelope, data } = await decide(route, { reason: "other" });
      expect([status, envelope.status, envelope.success]).toEqual([409, "SUCCESS", true]);
      expect(envelope).not.toHaveProperty("errorCode");
      expect(data).toMatchObject({ requestId: "req-12345", sessionId: "session-1", status: "rejected" });
    }
    await shared.settled();
    expect(shared.heard).toHaveLength(1);
    expect(await request()).toEqual(before);
  });

  test("[R8.15] no signal yet: 200, message, no data", async () => {
    const { status, envelope } = await call("GET", "/aura/hitl/signals/session-1");
    expect([status, envelope.success, typeof envelope.message]).toEqual([200, true, "string"]);
    expect(envelope).not.toHaveProperty("data");
  });

  test.each(["expired", "superseded", "cancelled", "anything"])(
    "[R8.16] only approved and rejected count as decided: %s is approved with 200",
    async (status) => {
      await store({ status });
      expect(await decide("approve")).toMatchObject({ status: 200, data: { status: "approved" } });
      expect(await request()).toMatchObject({ status: "approved" });
    },
  );

  describe("[R8.17] inputData and planSteps are strings: an object there is answered 500 and nothing is recorded", () => {
    test.each([{ prompt: "hello" }, ["hello"], [], {}])("inputData %j", async (inputData) => {
      const answer = await call("POST", tasks, { ...asked, inputData });
      expect(answer).toMatchObject({ status: 500, errorCode: "E1000" });
      expect(answer.envelope).not.toHaveProperty("data");
      expect(await listed()).toEqual([]);
    });

    test.each([[[{ id: "step-1" }]], [{}]])("planSteps %j", async (planSteps) => {
      const path = await started();
      const before = (await call("GET", path)).data;
      const answer = await call("PATCH", `${path}/progress`, { progress: 50, description: "x", planSteps });
      expect(answer).toMatchObject({ status: 500, errorCode: "E1000" });
      expect((await call("GET", path)).data).toEqual(before);
    });

    test("and text is taken, whatever it says", async () => {
      for (const inputData of ['{"prompt":"hello"}', "no JSON", "", null]) {
        expect((await call("POST", tasks, { ...asked, inputData })).status).toBe(201);
      }
    });
  });

  test("[R8.18] PATCH progress ignores planSteps and sets description to null when it is absent", async () => {
    const path = await started();
    const planSteps = JSON.stringify([{ id: "step-1", status: "completed" }]);
    const first = await call("PATCH", `${path}/progress`, { progress: 50, description: "at it", planSteps });
    expect(first.data).toMatchObject({ progress: 50, description: "at it", status: "IN_PROGRESS" });
    expect(first.data).not.toHaveProperty("planSteps");
    await call("PATCH", `${path}/progress`, { progress: 60, planSteps });
    const { data } = await call("GET", path);
    expect(data).toMatchObject({ progress: 60 });
    expect([data.description ?? null, data.planSteps ?? null]).toEqual([null, null]);
    expect((await call("POST", `${path}/complete`, { planSteps })).data).not.toHaveProperty("planSteps");
  });

  test("[R8.19] the list requires userId and tenantId", async () => {
    await started();
    for (const query of ["", "?userId=user123", "?tenantId=1", "?page=0&size=20"]) {
      const { status, envelope, data } = await call("GET", `${tasks}${query}`);
      expect([query, status, envelope.success, data]).toEqual([query, 500, false, undefined]);
    }
    expect(await listed()).toHaveLength(1);
  });

  test("[R8.24] task ids are plain UUIDs", async () => {
    const { status, data } = await call("POST", tasks, asked);
    expect([status, data.taskId]).toEqual([201, expect.stringMatching(UUID)]);
    expect((await call("GET", `${tasks}/${data.taskId}`)).data).toEqual(data);
  });

  describe("what its tables take", () => {
    test.each([
      { userId: "u".repeat(51) },
      { tenantId: "1".repeat(51) },
      { taskType: "t".repeat(101) },
      { description: "a\0b" },
      { inputData: "\0" },
      { taskType: {} },
      { description: 5 },
    ])("%j is 500, and nothing is recorded", async (change) => {
      expect(await call("POST", tasks, { ...asked, ...change })).toMatchObject({
        status: 500,
        errorCode: "E1000",
      });
      expect(await listed()).toEqual([]);
    });

    test("texts without a limit are long, and what was put in is not shown", async () => {
      const long = "가".repeat(100_000);
      const { status, data } = await call("POST", tasks, { ...asked, description: long, inputData: long });
      expect([status, data.description]).toEqual([201, long]);
      expect(data).not.toHaveProperty("inputData");
    });
  });
});
