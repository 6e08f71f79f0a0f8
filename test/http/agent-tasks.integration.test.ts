import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../helpers/eventually.ts";
import { type MainInBetween, startMainInBetween } from "../helpers/main-in-between.ts";
import { startOpenAiStub } from "../helpers/openai-stub.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

interface Task {
  taskId: string;
  taskType: string;
  status: string;
  progress: number;
  description?: string;
  resultData: string;
  errorMessage: string;
}

/** The task of the run that was asked this, and nothing else, once it is as it should be. */
async function taskOf(stack: Stack, prompt: string, ready: (task: Task) => boolean): Promise<Task> {
  return eventually(async () => {
    const { data } = await getJson(stack, "/api/main/agent/tasks?userId=user123&tenantId=1&size=100");
    const found = data.content.filter(({ description }: Task) => description?.startsWith(prompt));
    expect(found).toHaveLength(1);
    expect(found[0]).toSatisfy(ready);
    return found[0];
  });
}

const runIdOf = (stream: { response: Response }) => stream.response.headers.get("x-run-id") ?? "";

describe.each(["embedded", "redis"] as const)("AgentTasks, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "200" } });
  });
  afterAll(() => stack.close());

  test("[R5.9] a run is created, started, told of and completed, and what waits is linked", async () => {
    const stream = await chat(stack, { prompt: mailTo("Told"), threadId: `tasks-${backend}` });
    const { requestId } = await stream.event("hitl");
    const runId = runIdOf(stream);
    const waiting = await taskOf(stack, mailTo("Told"), ({ status }) => status === "IN_PROGRESS");
    await eventually(async () => {
      expect(await stack.get(`hitl:task:${waiting.taskId}`)).toBe(requestId);
      expect(JSON.parse((await stack.get(`hitl:request:${requestId}`)) ?? "")).toMatchObject({
        taskId: waiting.taskId,
        status: "pending",
      });
    });
    expect((await decide(stack, requestId, "approve")).status).toBe(200);
    await stream.ended;
    const done = await taskOf(stack, mailTo("Told"), ({ status }) => status === "COMPLETED");
    expect(done).toMatchObject({ taskId: waiting.taskId, taskType: "send_email", progress: 100 });
    const { planSteps, ...result } = JSON.parse(done.resultData);
    expect(JSON.parse(planSteps).map(({ status }: { status: string }) => status)).toEqual([
      "completed",
      "completed",
    ]);
    expect(result).toMatchObject({
      runId,
      answer: expect.stringContaining("kim@example.com"),
      tools: [{ tool: "send_email", status: "completed", outcome: "completed" }],
    });
  });

  test("a run that is given up fails its task", async () => {
    const stream = await chat(stack, { prompt: mailTo("Given up"), threadId: `cancelled-${backend}` });
    await stream.event("hitl");
    const { "content-type": _, ...headers } = await headersOf();
    await fetch(`${stack.url}/api/aura/runs/${runIdOf(stream)}/cancel`, { method: "POST", headers });
    await stream.ended;
    const task = await taskOf(stack, mailTo("Given up"), ({ status }) => status === "FAILED");
    expect(task.errorMessage).toBe("cancelled");
  });

  test("the tokens are Aura's own, and the caller's is nowhere", async () => {
    const headers = await headersOf();
    const stream = await chat(stack, { prompt: "hello tokens", threadId: `tokens-${backend}` }, headers);
    await stream.ended;
    await taskOf(stack, "hello tokens", ({ status }) => status === "COMPLETED");
    const token = headers.authorization?.split(" ")[1] ?? "none";
    expect(JSON.stringify(stack.logs)).not.toContain(token);
    const client = stack.redis?.client();
    for (const key of (await client?.keys("aura:run:*")) ?? []) {
      expect(JSON.stringify(await client?.hgetall(key))).not.toContain(token);
    }
    client?.disconnect();
  });
});

test("a run whose model fails is a failed task", async () => {
  const model = await startOpenAiStub([], { always: () => ({ status: 400 }) });
  const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" };
  const stack = await startStack({ backend: "embedded", env });
  const stream = await chat(stack, { prompt: "hello", threadId: "failing" });
  await stream.ended;
  const task = await taskOf(stack, "hello", ({ status }) => status === "FAILED");
  expect(task.errorMessage).toMatch(/^E5000: /);
  await stack.close();
  await model.close();
});

describe("Main Service that cannot be relied on", () => {
  let stack: Stack;
  let main: MainInBetween;
  beforeAll(async () => {
    main = await startMainInBetween(() => stack.mainUrl);
    const env = { AURA_RECONCILE_MS: "100", MAIN_SERVICE_URL: main.url };
    stack = await startStack({ backend: "redis", env });
  });
  afterAll(async () => {
    await stack.close();
    await main.down();
  });

  const run = async (name: string) => {
    const stream = await chat(stack, { prompt: `hello ${name}`, threadId: `unreliable-${name}` });
    expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
    return { runId: runIdOf(stream), prompt: `hello ${name}` };
  };

  test("is down while a run ends: the run does not notice, and the final state arrives when it is back", async () => {
    await main.down();
    const { prompt } = await run("down");
    await eventually(() =>
      expect(stack.logs.some((line) => line.msg?.includes("not reported yet"))).toBe(true),
    );
    await main.up();
    expect(await taskOf(stack, prompt, ({ status }) => status === "COMPLETED")).toMatchObject({
      taskType: "conversation",
    });
  });

  test.each([
    ["an error", (response: ServerResponse) => void response.writeHead(500).end("{}")],
    ["nonsense", (response: ServerResponse) => void response.writeHead(200).end("<html>")],
    ["a broken connection", (response: ServerResponse) => void response.destroy()],
  ])("answers with %s for a while: nothing is told twice", async (name, answer) => {
    main.answerWith(answer);
    const { prompt } = await run(name.replaceAll(" ", "-"));
    main.answerWith(null);
    await taskOf(stack, prompt, ({ status }) => status === "COMPLETED");
  });

  test("refuses: the run is over all the same, and the log says what was not reported", async () => {
    main.answerWith((response) => void response.writeHead(403).end("{}"));
    const { runId } = await run("refused");
    await eventually(() =>
      expect(stack.logs).toContainEqual(
        expect.objectContaining({ runId, msg: "AgentTask not reported to its end", phase: "new" }),
      ),
    );
    main.answerWith(null);
  });

  test("[R5.10] calls say who calls, for whom, and as part of what", () => {
    const { headers } =
      main.seen.find(({ line }) => line.startsWith("POST /main/agent/tasks")) ?? main.seen[0]!;
    expect(headers).toMatchObject({
      "x-dwp-source": "AURA",
      "x-dwp-caller-type": "AGENT",
      "x-tenant-id": "1",
      "x-user-id": "user123",
      "x-correlation-id": expect.any(String),
    });
    const claims = JSON.parse(
      Buffer.from(headers.authorization?.split(".")[1] ?? "", "base64url").toString("utf8"),
    );
    expect(claims).toMatchObject({ sub: "user123", tenant_id: "1", role: "service" });
    expect(claims.exp - claims.iat).toBe(60);
  });

  test("a run taken up by another process goes on with the same task", async () => {
    const stream = await chat(stack, { prompt: mailTo("Taken up"), threadId: "unreliable-taken" });
    const { requestId } = await stream.event("hitl");
    const { taskId } = await taskOf(stack, mailTo("Taken up"), ({ status }) => status === "IN_PROGRESS");
    await stack.restartAura();
    await decide(stack, requestId, "reject");
    expect(await taskOf(stack, mailTo("Taken up"), ({ status }) => status === "COMPLETED")).toMatchObject({
      taskId,
    });
  });
});
