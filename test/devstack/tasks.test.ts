import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEmbeddedHitlStorage } from "../../devstack/hitl-storage.ts";
import { signToken } from "../../devstack/jwt.ts";
import { createMainService } from "../../devstack/main-service.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";

const secret = "a secret of at least thirty-two bytes";
const tasks = "/main/agent/tasks";
const mine = "?userId=user123&tenantId=tenant1";
const asked = { taskType: "data_analysis", userId: "user123", tenantId: "tenant1" };

let app: FastifyInstance;

beforeEach(() => {
  app = createMainService({ jwtSecret: secret, hitl: createEmbeddedHitlStorage(createEmbeddedBus()) });
});
afterEach(() => app.close());

async function call(method: "GET" | "POST" | "PATCH", url: string, payload?: object, tenant = "tenant1") {
  const token = await signToken(secret, { user: "user123", tenant, email: "", role: "user" }, 60);
  const headers = { authorization: `Bearer ${token}`, "x-tenant-id": tenant };
  const response = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  const body = response.json();
  return { status: response.statusCode, body, data: body.data, errorCode: body.errorCode };
}

async function created(overrides: object = {}): Promise<string> {
  return (await call("POST", tasks, { ...asked, ...overrides })).data.taskId;
}

async function started(): Promise<string> {
  const id = await created();
  await call("POST", `${tasks}/${id}/start`);
  return id;
}

test("a task from request to completion", async () => {
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  const first = await call("POST", tasks, { ...asked, description: "what", inputData: '{"rows":3}' });
  expect(first.status).toBe(201);
  expect(first.body).toMatchObject({ status: "SUCCESS", success: true });
  expect(first.data).toEqual({
    taskId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    ...asked,
    description: "what",
    status: "REQUESTED",
    progress: 0,
    createdAt: time,
    updatedAt: time,
  });
  const one = `${tasks}/${first.data.taskId}`;
  expect((await call("POST", `${one}/start`)).data).toMatchObject({ status: "IN_PROGRESS" });
  const planSteps = JSON.stringify([{ id: "step-1", title: "t", status: "in_progress" }]);
  const told = await call("PATCH", `${one}/progress`, { progress: 50, description: "at it", planSteps });
  expect(told.data).toMatchObject({ progress: 50, description: "at it", startedAt: time });
  expect(told.data).not.toHaveProperty("planSteps");
  expect((await call("POST", `${one}/complete`, { answer: 42 })).data).toMatchObject({
    status: "COMPLETED",
    progress: 100,
    resultData: '{"answer":42}',
    completedAt: time,
  });
  expect((await call("GET", one)).data).toMatchObject({ status: "COMPLETED", resultData: '{"answer":42}' });
});

test("a task fails with its message, started or not", async () => {
  for (const id of [await created(), await started()]) {
    const { status, data } = await call("POST", `${tasks}/${id}/fail?errorMessage=out%20of%20memory`);
    expect(status).toBe(200);
    expect(data).toMatchObject({ status: "FAILED", errorMessage: "out of memory" });
  }
});

test("a state that does not allow the operation is 409 E3002", async () => {
  const fresh = await created();
  const running = await started();
  const done = await started();
  await call("POST", `${tasks}/${done}/complete`, {});
  for (const [method, path, payload] of [
    ["PATCH", `${fresh}/progress`, { progress: 1 }],
    ["POST", `${fresh}/complete`, {}],
    ["POST", `${running}/start`, undefined],
    ["POST", `${done}/start`, undefined],
    ["PATCH", `${done}/progress`, { progress: 1 }],
    ["POST", `${done}/fail?errorMessage=x`, undefined],
  ] as const) {
    expect(await call(method, `${tasks}/${path}`, payload)).toMatchObject({
      status: 409,
      errorCode: "E3002",
    });
  }
});

test.each([
  ["POST", "", {}],
  ["POST", "", { ...asked, taskType: "" }],
  ["POST", "", { ...asked, userId: " " }],
  ["GET", `${mine}&page=-1`, undefined],
  ["GET", `${mine}&size=0`, undefined],
  ["GET", `${mine}&size=1000`, undefined],
  ["GET", "/a%20b", undefined],
] as const)("%s %s %j is 400 E4000", async (method, path, payload) => {
  expect(await call(method, tasks + path, payload)).toMatchObject({ status: 400, errorCode: "E4000" });
});

test.each([{ progress: -1 }, { progress: 101 }, { progress: 1.5 }, { progress: "50" }, {}])(
  "progress %j is 400 E4000",
  async (payload) => {
    const id = await started();
    expect(await call("PATCH", `${tasks}/${id}/progress`, payload)).toMatchObject({
      status: 400,
      errorCode: "E4000",
    });
  },
);

test("progress may be 0 and 100; fail needs a message", async () => {
  const id = await started();
  for (const progress of [0, 100]) {
    expect((await call("PATCH", `${tasks}/${id}/progress`, { progress })).data).toMatchObject({ progress });
  }
  expect(await call("POST", `${tasks}/${id}/fail`)).toMatchObject({ status: 500, errorCode: "E1000" });
});

test("tasks of another tenant do not exist", async () => {
  const id = await created();
  expect(await call("POST", tasks, asked, "tenant2")).toMatchObject({ status: 403, errorCode: "E2007" });
  expect(await call("GET", tasks + mine, undefined, "tenant2")).toMatchObject({
    status: 403,
    errorCode: "E2007",
  });
  const theirs = `${tasks}?userId=user123&tenantId=tenant2`;
  expect((await call("GET", theirs, undefined, "tenant2")).data.content).toEqual([]);
  for (const [method, path] of [
    ["GET", ""],
    ["POST", "/start"],
    ["PATCH", "/progress"],
    ["POST", "/complete"],
    ["POST", "/fail?errorMessage=x"],
  ] as const) {
    const payload = method === "PATCH" ? { progress: 1 } : undefined;
    for (const answer of [
      await call(method, `${tasks}/${id}${path}`, payload, "tenant2"),
      await call(method, `${tasks}/task-unknown${path}`, payload),
    ]) {
      expect(answer).toMatchObject({ status: 404, errorCode: "E1004" });
    }
  }
});

test("a list is a page of one user, newest first", async () => {
  const ids: string[] = [];
  for (const userId of ["user123", "user123", "admin", "user123"]) ids.push(await created({ userId }));
  const first = await call("GET", `${tasks}?userId=user123&tenantId=tenant1&page=0&size=2`);
  expect(first.data).toMatchObject({
    content: [{ taskId: ids[3] }, { taskId: ids[1] }],
    totalElements: 3,
    totalPages: 2,
    number: 0,
    size: 2,
    first: true,
    last: false,
  });
  const second = await call("GET", `${tasks}?userId=user123&tenantId=tenant1&page=1&size=2`);
  expect(second.data).toMatchObject({ content: [{ taskId: ids[0] }], first: false, last: true });
  expect((await call("GET", tasks + mine)).data).toMatchObject({ totalElements: 3, size: 20, last: true });
});

test("without a token: 401 E2000", async () => {
  const response = await app.inject({ url: tasks });
  expect([response.statusCode, response.json().errorCode]).toEqual([401, "E2000"]);
});
