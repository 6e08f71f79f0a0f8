import { Writable } from "node:stream";
import type { AgentStep } from "@aura-platform/contract/agent-step.ts";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEmbeddedHitlStorage } from "../../devstack/hitl-storage.ts";
import { createMainService as createDevMainService } from "../../devstack/main-service.ts";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import type { Backend } from "../../src/ports/backend.ts";
import { createMainServiceClient } from "../../src/tasks/main-service.ts";
import { type Reporter, startReporter } from "../../src/tasks/reporter.ts";
import { recordingLogger } from "../adapters/redis/recording-logger.ts";
import { aRun } from "../contracts/harness.ts";
import { eventually } from "../helpers/eventually.ts";
import { fault, type Instead, type MainInBetween, startMainInBetween } from "../helpers/main-in-between.ts";

const jwtSecret = "a secret of at least thirty-two bytes";
const HOUR = 3_600_000;

let devMain: FastifyInstance;
let devUrl = "";
let main: MainInBetween;
let backend: Backend;
let reporter: Reporter;
let logs: Record<string, any>[];
/** Added to the clock of everything here, in ms. */
let late = 0;
const now = () => Date.now() + late;

beforeAll(async () => {
  devMain = createDevMainService({ jwtSecret, hitl: createEmbeddedHitlStorage(createEmbeddedBus()) });
  devUrl = await devMain.listen({ port: 0, host: "127.0.0.1" });
  main = await startMainInBetween(() => devUrl);
});
afterAll(async () => {
  await main.down();
  await devMain.close();
});
beforeEach(() => {
  late = 0;
  logs = [];
  main.seen.length = 0;
  main.answerWith(null);
  backend = createEmbeddedBackend({ bus: createEmbeddedBus(), logger: recordingLogger(), now });
  const sink = new Writable({
    write(line, _encoding, done) {
      logs.push(JSON.parse(String(line)));
      done();
    },
  });
  reporter = startReporter(
    {
      ...{ backend, now, logger: pino(sink), plannedTool: async () => "send_email" },
      // A call that a busy machine makes late is no failure: the next attempt would wait for the clock of this test.
      main: createMainServiceClient({ url: main.url, jwtSecret, breakMs: 3 * HOUR, timeoutMs: 180_000 }),
    },
    { everyMs: 5 },
  );
});
afterEach(async () => {
  await reporter.close();
  await backend.close();
});

const step = (status: AgentStep["status"], at: number): AgentStep => ({
  ...{ id: "step-1", title: "Send it", description: "", status, confidence: 1, startedAt: at },
});

/** A run with that prompt that goes from its beginning to its end, and is told of at every change. */
async function run(prompt: string, userId = "user123"): Promise<string> {
  const { runId } = await begin(prompt, userId);
  await end(runId);
  return runId;
}

async function begin(prompt: string, userId = "user123") {
  const record = aRun({ prompt, userId, tenantId: "1", createdAt: now(), updatedAt: now() });
  await backend.threads.begin(record);
  await backend.threads.transition(record.runId, ["queued"], "running", now());
  const data = step("in_progress", 1);
  await backend.eventLog.append(record.runId, [{ seq: 1, at: now(), event: { type: "plan_step", data } }]);
  reporter.changed(record.runId);
  return record;
}

async function end(runId: string): Promise<void> {
  const data = step("completed", 2);
  await backend.eventLog.append(runId, [{ seq: 2, at: now(), event: { type: "plan_step", data } }]);
  await backend.threads.transition(runId, ["running"], "completed", now());
  reporter.changed(runId);
}

const phaseOf = async (runId: string) => (await backend.reports.state(runId))?.phase;
const ended = (runId: string) => eventually(async () => expect(await phaseOf(runId)).toBe("ended"));
const about = (runId: string) => logs.filter((line) => line.runId === runId);
const creations = (runId: string) =>
  main.seen.filter(({ line, body }) => line === "POST /main/agent/tasks" && body.includes(runId));
/** Every call whose body or task is of a prompt that says so is answered like that. */
const whenAsked =
  (word: string, answer: Instead): Instead =>
  (response, call) =>
    call.body.includes(word) ? answer(response, call) : false;
const given = (runId: string) =>
  eventually(() =>
    expect(about(runId)).toContainEqual(
      expect.objectContaining({ msg: "AgentTask not reported to its end" }),
    ),
  );

describe("a report that Main Service answers 500", () => {
  test("does not keep others from being told, and is given up with its field", async () => {
    main.answerWith(
      whenAsked("spoilt", (response) => fault(response, 500, "E1000", { data: { inputData: "?" } })),
    );
    // No word of hexadecimal digits: the ids of another run may hold it.
    const bad = await run("spoilt");
    await eventually(() => expect(about(bad)).toHaveLength(1));
    // Beside it, others get through: at once, for no circuit is open.
    for (let n = 0; n < 12 && (await phaseOf(bad)) !== "ended"; n += 1) {
      await ended(await run(`good ${n}`));
      const failures = (await backend.reports.state(bad))?.failures ?? 0;
      // On to its next attempt.
      late += 10 * 60_000;
      await eventually(async () => {
        const state = await backend.reports.state(bad);
        expect(state?.phase === "ended" || (state?.failures ?? 0) > failures).toBe(true);
      });
    }
    await given(bad);
    const [first, last, ...others] = about(bad);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ level: 40, fields: ["inputData"] });
    expect(last).toMatchObject({ level: 50, fields: ["inputData"], phase: "new", err: { status: 500 } });
    const times = creations(bad).length;
    expect(times).toBeLessThanOrEqual(6);
    late += 48 * HOUR;
    await ended(await run("another"));
    expect(creations(bad)).toHaveLength(times);
  });

  test("as all others, is told when it is well again: that is an outage of its own", async () => {
    main.answerWith((response) => fault(response));
    const runs = [await run("one"), await run("two"), await run("three")];
    const failures = async (runId: string) => (await backend.reports.state(runId))?.failures ?? 0;
    for (let n = 0; n < 20; n += 1) {
      const before = await Promise.all(runs.map(failures));
      late += 10 * 60_000;
      // Each has failed once more, and that is kept: only then is its next attempt a matter of the clock.
      await eventually(async () => {
        for (const [at, runId] of runs.entries())
          expect(await failures(runId)).toBeGreaterThan(before[at] ?? 0);
      });
    }
    main.answerWith(null);
    late += 10 * 60_000;
    for (const runId of runs) {
      await ended(runId);
      expect(about(runId).map(({ level }) => level)).toEqual([40]);
      expect(creations(runId).filter(({ status }) => status === 201)).toHaveLength(1);
    }
  });

  test("is not tried for ever, even when nobody else is told of", async () => {
    main.answerWith((response) => fault(response));
    const runId = await run("alone");
    for (let n = 0; n < 8; n += 1) {
      late += 4 * HOUR;
      const before = main.seen.length;
      await eventually(async () =>
        expect(main.seen.length > before || about(runId).some(({ level }) => level === 50)).toBe(true),
      );
    }
    await given(runId);
  });
});

describe("what Main Service does not take", () => {
  test("progress that it refuses costs itself alone: the end is told", async () => {
    main.answerWith((response, { line }) =>
      line.includes("/progress") ? fault(response, 400, "E4000") : false,
    );
    const runId = await run("stubborn");
    await ended(runId);
    expect(main.seen.at(-1)).toMatchObject({ line: expect.stringContaining("/complete"), status: 200 });
    expect(about(runId).map(({ msg }) => msg)).toContain("AgentTask: some progress is not reported");
  });

  test("progress that it answers 500 to is passed over after some attempts", async () => {
    main.answerWith((response, { line }) => (line.includes("/progress") ? fault(response) : false));
    const runId = await run("stubborn");
    for (let n = 0; n < 8 && (await phaseOf(runId)) !== "ended"; n += 1) {
      const before = main.seen.length;
      late += 10 * 60_000;
      await eventually(async () =>
        expect(main.seen.length > before || (await phaseOf(runId)) === "ended").toBe(true),
      );
    }
    await ended(runId);
    expect(main.seen.at(-1)).toMatchObject({ line: expect.stringContaining("/complete"), status: 200 });
  });

  test("planSteps in progress, as the real one's Jackson: the rest of it is recorded, and they are not sent for ever", async () => {
    main.answerWith((response, { line, body }) =>
      line.includes("/progress") && "planSteps" in JSON.parse(body) ? fault(response) : false,
    );
    const runs: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { runId } = await begin(`run ${n}`);
      await eventually(async () => expect((await backend.reports.state(runId))?.progress).toBe(0));
      await end(runId);
      await ended(runId);
      runs.push(runId);
    }
    const progress = main.seen.filter(({ line }) => line.includes("/progress"));
    const recorded = progress.filter(({ status }) => status === 200);
    expect(recorded).toHaveLength(10);
    for (const { answer } of recorded) expect(answer.data.description).toMatch(/^run \d/);
    // Three times in a row are enough to know it.
    expect(progress).toHaveLength(13);
    expect(runs.flatMap(about).map(({ msg, fields }) => [msg, fields])).toEqual(
      Array(3).fill(["AgentTask reported without fields that Main Service does not take", ["planSteps"]]),
    );
    const results = main.seen.filter(({ line }) => line.includes("/complete"));
    for (const { answer } of results) {
      expect(JSON.parse(JSON.parse(answer.data.resultData).planSteps)).toHaveLength(1);
    }
  });

  test("texts that are too long for it are left out of the task, which is made all the same", async () => {
    main.answerWith((response, { line, body }) =>
      line === "POST /main/agent/tasks" && "inputData" in JSON.parse(body)
        ? fault(response, 400, "E4000", { data: { inputData: "too long" } })
        : false,
    );
    const runId = await run("long");
    await ended(runId);
    expect(about(runId)).toMatchObject([
      { fields: ["description", "inputData"], err: { fields: ["inputData"] } },
    ]);
    expect(main.seen.at(-1)?.answer.data).toMatchObject({ status: "COMPLETED", description: "long" });
  });

  test("a result: the task is completed without it, but not at the first 500", async () => {
    main.answerWith((response, { line, body }) =>
      line.includes("/complete") && body !== "" ? fault(response) : false,
    );
    const runId = await run("result");
    for (let n = 0; n < 6 && (await phaseOf(runId)) !== "ended"; n += 1) {
      const before = main.seen.length;
      late += 10 * 60_000;
      await eventually(async () =>
        expect(main.seen.length > before || (await phaseOf(runId)) === "ended").toBe(true),
      );
    }
    await ended(runId);
    expect(main.seen.at(-1)?.answer.data).toMatchObject({ status: "COMPLETED" });
    expect(main.seen.filter(({ line, body }) => line.includes("/complete") && body !== "")).toHaveLength(4);
  });

  test.each([
    [403, "who asks", undefined],
    [404, "where it asks", undefined],
    [400, "what it says", ["userId"]],
  ])("%i to everything about a run, for %s: given up at once, others are told", async (status, _, fields) => {
    main.answerWith(whenAsked("no", (response) => fault(response, status, "E4000")));
    const runId = await run("no", "u".repeat(60));
    await given(runId);
    const last = about(runId).at(-1);
    expect([last?.fields, last?.traceId, last?.err.status]).toEqual([fields, "trace-1", status]);
    await ended(await run("good"));
  });

  test("a task whose id nobody can speak of is not made twice", async () => {
    main.answerWith(
      whenAsked("odd", (response) =>
        response.writeHead(201).end(JSON.stringify({ status: "SUCCESS", data: { taskId: "../x" } })),
      ),
    );
    const runId = await run("odd");
    await given(runId);
    late += HOUR;
    await ended(await run("good"));
    expect(creations(runId).length).toBeLessThanOrEqual(2);
  });
});
