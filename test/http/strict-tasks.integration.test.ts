import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../helpers/eventually.ts";
import { type MainInBetween, type Seen, startMainInBetween } from "../helpers/main-in-between.ts";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

/**
 * Everything that Main Service was asked about one run, found by what its creation says; with what it
 * answered.
 */
function callsOf(seen: readonly Seen[], runId: string): { line: string; body: any; seen: Seen }[] {
  const parsed = seen.map((each) => ({
    line: each.line,
    body: each.body === "" ? null : JSON.parse(each.body),
    seen: each,
  }));
  const creation = parsed.find(
    ({ line, body }) => line === "POST /main/agent/tasks" && String(body.inputData).includes(runId),
  );
  const taskId = creation?.seen.answer?.data?.taskId;
  return parsed.filter((each) => each === creation || (taskId && each.line.includes(`/${taskId}/`)));
}

const verbOf = (line: string) => /^\w+ \/main\/agent\/tasks(?:\/[^/]+\/(\w+))?/.exec(line)?.[1] ?? "create";
const runIdOf = (stream: { response: Response }) => stream.response.headers.get("x-run-id") ?? "";

/** The calls of a run that has been told of to its end. */
function told(main: MainInBetween, runId: string) {
  return eventually(() => {
    const calls = callsOf(main.seen, runId);
    expect(["complete", "fail"]).toContain(verbOf(calls.at(-1)?.line ?? ""));
    expect(calls.at(-1)?.seen.status).toBe(200);
    return calls;
  });
}

/** What holds of every task, whatever became of its run. */
function expectRecorded(calls: Awaited<ReturnType<typeof told>>): void {
  for (const { line, seen } of calls)
    expect([line, seen.status]).toEqual([line, expect.toBeOneOf([200, 201])]);
  const verbs = calls.map(({ line }) => verbOf(line));
  expect(verbs.slice(0, 2)).toEqual(["create", "start"]);
  expect(verbs.slice(2, -1).every((verb) => verb === "progress")).toBe(true);
  const progress = calls.slice(2, -1);
  expect(progress.length).toBeGreaterThan(0);
  for (const { body, seen } of calls) {
    // What was recorded: never without a description, whichever call it was.
    expect(seen.answer.data.description).toEqual(expect.stringMatching(/\S/));
    for (const name of ["inputData", "planSteps"]) {
      if (body?.[name] !== undefined) expect(JSON.parse(body[name])).toEqual(expect.anything());
    }
  }
  const figures = progress.map(({ seen }) => seen.answer.data.progress);
  expect(figures).toEqual(figures.toSorted((a, b) => a - b));
}

describe.each(["embedded", "redis"] as const)("[R8.26] a strict Main Service, %s backend", (backend) => {
  let stack: Stack;
  let main: MainInBetween;
  beforeAll(async () => {
    main = await startMainInBetween(() => stack.mainUrl);
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "200", MAIN_SERVICE_URL: main.url } });
  });
  afterAll(async () => {
    await stack.close();
    await main.down();
  });
  beforeEach(() => main.answerWith(null));

  const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;
  /** The task as the web client reads it. */
  const listed = async (taskId: string) => {
    const { data } = await getJson(stack, "/api/main/agent/tasks?userId=user123&tenantId=1&size=100");
    return data.content.find((each: { taskId: string }) => each.taskId === taskId);
  };

  test("records every step of a run, and its plan steps when it is finished", async () => {
    const stream = await chat(stack, { prompt: mailTo("Strict"), threadId: `strict-${backend}` });
    const { requestId } = await stream.event("hitl");
    // It is told of while it waits, too: where it stands can be read.
    await eventually(() => {
      const { answer } = callsOf(main.seen, runIdOf(stream)).at(-1)?.seen ?? {};
      expect(answer?.data).toMatchObject({
        status: "IN_PROGRESS",
        description: expect.stringMatching(/^Send an email to kim@example.com.* 1\/2: \S/),
      });
    });
    const taskId = callsOf(main.seen, runIdOf(stream))[0]?.seen.answer?.data.taskId;
    // An approval that has been decided is not linked any more.
    await eventually(async () => expect(await stack.get(`hitl:task:${taskId}`)).toBe(requestId));
    await decide(stack, requestId, "approve");
    const frames = await stream.ended;
    const calls = await told(main, runIdOf(stream));
    expectRecorded(calls);
    const task = await listed(taskId);
    expect(task).toMatchObject({
      taskType: "send_email",
      status: "COMPLETED",
      progress: 100,
      description: mailTo("Strict"),
    });
    const result = JSON.parse(task.resultData);
    expect(result).toMatchObject({ runId: runIdOf(stream), tools: [{ tool: "send_email" }] });
    const steps = new Map(
      eventsOf(frames)
        .filter(({ type }) => type === "plan_step")
        .map(({ data }) => [data.id, data]),
    );
    expect(JSON.parse(result.planSteps)).toEqual([...steps.values()]);
    expect(await stack.get(`hitl:task:${taskId}`)).toBe(requestId);
  });

  test("a run that is given up fails, and its description says where it stood", async () => {
    const stream = await chat(stack, { prompt: mailTo("Given up"), threadId: `strict-cancelled-${backend}` });
    await stream.event("hitl");
    const { "content-type": _, ...headers } = await headersOf();
    await fetch(`${stack.url}/api/aura/runs/${runIdOf(stream)}/cancel`, { method: "POST", headers });
    await stream.ended;
    const calls = await told(main, runIdOf(stream));
    expectRecorded(calls);
    expect(calls.at(-1)?.seen.answer.data).toMatchObject({ status: "FAILED", errorMessage: "cancelled" });
  });

  test.each([
    ["half characters", "hello \ud83d and \udc00 there"],
    ["a NUL and other controls", "hello \0 \x1b[31m there"],
    ["ten thousand Korean characters", `hello ${"가나다라마".repeat(2_000)}`],
    ["pairs at every place", `hello ${"😀".repeat(300)}`],
    ["quotes and backslashes", 'hello "\\" \\u0000 {"planSteps":[]}'],
  ])("records a prompt with %s", async (name, prompt) => {
    const threadId = `odd-${backend}-${name.replaceAll(" ", "-")}`;
    const stream = await chat(stack, { prompt, threadId });
    await stream.ended;
    const calls = await told(main, runIdOf(stream));
    expectRecorded(calls);
    const description = calls.at(-1)?.seen.answer.data.description;
    expect(description.isWellFormed()).toBe(true);
    expect(description.length).toBeLessThanOrEqual(255);
    const asked = JSON.parse(calls[0]?.body.inputData);
    expect(asked.prompt).toBe(prompt.toWellFormed().replaceAll("\0", "\ufffd"));
  });
});
