import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMainServiceClient } from "../../src/tasks/main-service.ts";
import { MainServiceError } from "../../src/tasks/main-service-error.ts";
import { createTaskReader } from "../../src/tasks/reader.ts";
import { eventually } from "../helpers/eventually.ts";
import {
  type ChatRequest,
  type OpenAiStub,
  type StubReply,
  startOpenAiStub,
} from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, JWT_SECRET, type Stack, startStack } from "../helpers/stack.ts";
import { spoilt, strangeText, strangeValue } from "../helpers/strange-json.ts";

type Answer = (response: ServerResponse, line: string) => void;

/** A Main Service of a stranger. */
async function startStrangeMain() {
  let answer: Answer = (response) => void response.end();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url?.split("?")[0]}`;
    seen.push(line);
    request.resume().once("end", () => answer(response, line));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answerWith(next: Answer) {
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const TASK = {
  taskId: "task-1",
  taskType: "conversation",
  status: "COMPLETED",
  progress: 100,
  description: "x",
  createdAt: "2026-01-02T03:04:05",
  updatedAt: "2026-01-02T03:04:05",
};
const json =
  (data: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "SUCCESS", success: true, data }));
  };
/** One that keeps to the contract. */
const well: Answer = (response, line) =>
  json(line.startsWith("GET") ? { content: [TASK] } : { taskId: "task-1" })(response, line);

const data = fc.oneof(
  fc.constant({ content: [TASK, { ...TASK, description: null }] }),
  fc.constant([TASK]),
  fc.constant({ taskId: "task-1" }),
);
const envelope = fc
  .oneof(data, spoilt(data), strangeValue)
  .map((made) => ({ status: "SUCCESS", data: made }));
const answers = fc
  .record({
    status: fc.oneof(fc.constantFrom(200, 201, 409), fc.integer({ min: 200, max: 599 })),
    text: fc.oneof(
      envelope.map((each) => JSON.stringify(each)),
      spoilt(envelope).map((each) => JSON.stringify(each)),
      strangeText(envelope),
    ),
    coding: fc.constantFrom("", "", "", "gzip", "broken gzip", "unknown"),
    isCut: fc.constantFrom(false, false, false, true),
  })
  .map(
    ({ status, text, coding, isCut }): Answer =>
      (response) => {
        const sent = coding === "gzip" ? gzipSync(text) : Buffer.from(text);
        response.writeHead(status, {
          "content-type": "application/json",
          location: "/main/elsewhere",
          ...(coding === "" ? {} : { "content-encoding": coding.split(" ").at(-1) }),
        });
        if (!isCut) return void response.end(sent);
        response.write(sent.subarray(0, sent.length / 2) || " ", () => response.socket?.destroySoon());
      },
  );

/** Lists the user's tasks, and answers with what it has read. */
function always({ tools, messages }: ChatRequest): StubReply {
  if (tools === undefined) return { text: '{"steps":[{"title":"Look","confidence":1}]}' };
  const last = messages.at(-1);
  if (JSON.stringify(last?.content).includes("still there?")) return { text: "Still here." };
  return last?.role === "user" ? { calls: [{ name: "list_my_tasks", args: {} }] } : { text: "So it is." };
}

/** Writes without an end, as fast as it is read. `sent` is told of the bytes. */
const endless =
  (head: string, piece: string, sent: (bytes: number) => void): Answer =>
  (response) => {
    const pieces = function* () {
      for (yield head; ; yield piece) sent(piece.length);
    };
    response.writeHead(200, { "content-type": "application/json" });
    const source = Readable.from(pieces());
    response.once("close", () => source.destroy());
    source.pipe(response);
  };

function dripping(response: ServerResponse): void {
  response.writeHead(200).write(" ");
  const timer = setInterval(() => response.write(" "), 20);
  response.once("close", () => clearInterval(timer));
}

let main: Awaited<ReturnType<typeof startStrangeMain>>;
const died: unknown[] = [];
const onDeath = (reason: unknown) => died.push(reason);
beforeAll(async () => {
  process.on("unhandledRejection", onDeath);
  main = await startStrangeMain();
});
afterAll(async () => {
  await main.close();
  process.off("unhandledRejection", onDeath);
});
afterEach(() => expect(died).toEqual([]));

describe("calls of Main Service", () => {
  const caller = { tenantId: "1", userId: "user123", traceId: "trace" };
  const call = { method: "POST", path: "/main/agent/tasks", body: {}, repeatable: true } as const;

  test("come to data or to an error of theirs, whatever is answered", async () => {
    const ask = createMainServiceClient({ url: main.url, jwtSecret: JWT_SECRET, breakMs: 0 });
    const drawn = fc.asyncProperty(answers, async (answer) => {
      main.answerWith(answer);
      await ask(caller, call).catch((error: unknown) => expect(error).toBeInstanceOf(MainServiceError));
      const tasks = await createTaskReader(ask)
        .list(caller, { limit: 1 })
        .catch((error: unknown) => {
          expect(error).toBeInstanceOf(Error);
          return [];
        });
      expect(tasks.length).toBeLessThanOrEqual(1);
      for (const { description } of tasks) expect(typeof description).toBe("string");
    });
    await fc.assert(drawn, { numRuns: 60, endOnFailure: true });
  });

  test.each<[string, Answer]>([
    ["there is no answer", () => {}],
    ["there is no end of it", (response) => void response.writeHead(200).write('{"data":')],
    ["a blank comes now and then", (response) => void dripping(response)],
  ])("are over in their time when %s", async (_, answer) => {
    main.answerWith(answer);
    const ask = createMainServiceClient({ url: main.url, jwtSecret: JWT_SECRET, timeoutMs: 100 });
    await expect(ask(caller, call)).rejects.toMatchObject({ kind: "unavailable", cause: expect.anything() });
  });
});

describe.each(["embedded", "redis"] as const)("a strange Main Service, %s backend", (backend) => {
  let stack: Stack;
  let model: OpenAiStub;
  let count = 0;
  beforeAll(async () => {
    model = await startOpenAiStub([], { always });
    const env = {
      OPENAI_API_KEY: "x",
      OPENAI_BASE_URL: model.url,
      MAIN_SERVICE_URL: main.url,
      AURA_RECONCILE_MS: "200",
    };
    stack = await startStack({ backend, env });
  });
  beforeEach(() => stack.restartAura());
  afterAll(async () => {
    main.answerWith(well);
    await stack.close();
    await model.close();
  });

  /** The end of the tool of a run that lists tasks; the thread has answered a next prompt then. */
  const lists = async () => {
    count += 1;
    const threadId = `main-${backend}-${count}`;
    const stream = await chat(stack, { prompt: "my tasks?", threadId, context: {} });
    expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
    const frames = await stream.ended;
    expect(textOf(frames)).toBe("So it is.");
    const next = await chat(stack, { prompt: "still there?", threadId, context: {} });
    expect(textOf(await next.ended)).toBe("Still here.");
    return eventsOf(frames).findLast(({ type }) => type === "tool_execution")?.data;
  };
  /** It is well again: what was not told is told. */
  const recovers = async () => {
    main.answerWith(well);
    main.seen.length = 0;
    // Calls are not tried for a while after some have failed: a new process has seen none of them.
    await stack.restartAura();
    await lists();
    await eventually(() => expect(main.seen).toContain("POST /main/agent/tasks/task-1/complete"));
  };

  test("costs no run, whatever it answers, and is told of the next", async () => {
    const drawn = fc.asyncProperty(answers, async (answer) => {
      main.answerWith(answer);
      const end = await lists();
      expect(["completed", "failed"]).toContain(end.status);
      await stack.restartAura();
    });
    await fc.assert(drawn, { numRuns: 25, endOnFailure: true });
    await recovers();
  });

  test.each([
    ["text", '{"data":"', "x".repeat(65_536)],
    ["a list", '{"data":[', "[],".repeat(20_000)],
    ["blanks", "", " ".repeat(65_536)],
  ])("that answers with %s without an end is read up to a limit", async (_, head, piece) => {
    const sent: number[] = [];
    main.answerWith((response, line) => {
      const at = sent.push(0) - 1;
      return endless(head, piece, (bytes) => {
        sent[at] = (sent[at] ?? 0) + bytes;
      })(response, line);
    });
    expect((await lists()).status).toBe("failed");
    // What the sockets hold is sent too.
    expect(Math.max(...sent)).toBeLessThan(32 * 1024 * 1024);
    await recovers();
  });

  // It takes some seconds, and is the same on both.
  test.runIf(backend === "embedded")(
    "that never ends is waited for some seconds, and fails the tool",
    async () => {
      main.answerWith((response) => void response.writeHead(200).write('{"data":'));
      expect((await lists()).status).toBe("failed");
      await recovers();
    },
  );
});
