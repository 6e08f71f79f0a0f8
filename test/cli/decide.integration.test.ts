import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventsOf, type SseStream } from "../helpers/sse-client.ts";
import { chat, decide, type Stack } from "../helpers/stack.ts";
import { aura, command, tokenOf } from "./cli.ts";
import { onDevStack } from "./dev-stack.ts";
import { startForgetful } from "./forgetful.ts";
import { type Answer, type Asked, startApiServer } from "./saved-threads-server.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;

describe("approve and reject, at the dev stack", () => {
  let stack: Stack;
  let env: NodeJS.ProcessEnv;
  onDevStack((theStack, itsEnv) => {
    stack = theStack;
    env = itsEnv;
  });

  const waiting = async (subject: string): Promise<{ stream: SseStream; requestId: string }> => {
    const stream = await chat(stack, { prompt: mail(subject), threadId: `thread-${subject}` });
    return { stream, requestId: (await stream.event("hitl")).requestId };
  };
  const toolsOf = async (stream: SseStream) =>
    eventsOf(await stream.ended)
      .filter(({ type }) => type === "tool_execution")
      .map(({ data }) => data);
  const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);

  test("an approval lets the run go on, and says where to read what came of it", async () => {
    const { stream, requestId } = await waiting("Approved");
    expect(await aura(["approve", requestId], env)).toEqual({
      code: 0,
      stdout: `${requestId} is approved; what comes of it: npm run --silent aura -- audit thread-Approved\n`,
      stderr: "",
    });
    expect(await toolsOf(stream)).toMatchObject([{ status: "executing" }, { outcome: "completed" }]);
    expect(sent("Approved")).toHaveLength(1);
  });

  test("a rejection carries its reason; without one Main Service has its own", async () => {
    const reasoned = await waiting("Reasoned");
    const bare = await waiting("Bare");
    const [first, second] = await Promise.all([
      command(["reject", reasoned.requestId, "--reason", "받는 사람이 틀렸습니다"], env),
      command(["reject", bare.requestId, "--json"], env),
    ]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^req-\S+ is rejected: 받는 사람이 틀렸습니다; what comes of it: /);
    expect(JSON.parse(second.stdout)).toEqual({
      ...{ requestId: bare.requestId, sessionId: "thread-Bare", status: "rejected" },
      ...{ reason: "User rejected", decided: true },
    });
    expect(await toolsOf(reasoned.stream)).toMatchObject([
      { outcome: "not_executed", result: expect.stringContaining("받는 사람이 틀렸습니다") },
    ]);
    await bare.stream.ended;
    expect([...sent("Reasoned"), ...sent("Bare")]).toEqual([]);
  });

  test("[R8.7] what stands is said: the same decision is done (0), the other one is not (4)", async () => {
    const { stream, requestId } = await waiting("Twice");
    await decide(stack, requestId, "reject", "not\u001b[2J now");
    const [other, same] = await Promise.all([
      aura(["approve", requestId], env),
      command(["reject", requestId, "--reason", "me too"], env),
    ]);
    expect(other).toEqual({
      code: 4,
      stdout: "",
      stderr: `aura: ${requestId} stands as it is, and your decision changes nothing: rejected by user123: not␛[2J now\n`,
    });
    expect(same).toMatchObject({ code: 0, stderr: "" });
    expect(same.stdout).toMatch(
      /^req-\S+ was decided before, in the same way: rejected by user123: not␛\[2J now; what/,
    );
    await stream.ended;
  });

  test("what ended without a person is told as what it is", async () => {
    const { stream, requestId } = await waiting("Superseded");
    const next = await chat(stack, { prompt: "hello", threadId: "thread-Superseded" });
    await Promise.all([stream.ended, next.ended]);
    for (const decision of ["approve", "reject"]) {
      expect(await command([decision, requestId], env)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("your decision changes nothing: given up for a newer request\n"),
      });
    }
  });

  test("an unknown approval is 5, another tenant's and an expired token 1, a wrong id 2", async () => {
    const { stream, requestId } = await waiting("Strangers");
    const [unknown, foreign, expired, wrong] = await Promise.all([
      aura(["approve", "req-unknown"], env),
      command(["approve", requestId, "--token", await tokenOf({ user: "user456", tenant: "2" })], env),
      command(["reject", requestId, "--token", await tokenOf(undefined, -60)], env),
      command(["approve", "../x"], env),
    ]);
    expect(unknown).toEqual({
      code: 5,
      stdout: "",
      stderr: "aura: E1004 (HTTP 404): Resource not found. - there is no approval req-unknown\n",
    });
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining("E2007 (HTTP 403)") });
    expect(expired).toMatchObject({ code: 1, stderr: expect.stringContaining("E2002 (HTTP 401)") });
    expect(wrong).toMatchObject({ code: 2 });
    stream.close();
  });

  test("Aura-Platform itself does not decide: its address gets a word about the Gateway", async () => {
    const { code, stderr } = await command(["approve", "req-1"], { ...env, AURA_URL: stack.aura.url });
    expect(code).toBe(5);
    expect(stderr).toContain("only the Gateway leads to approvals, e.g. --url http://localhost:8080/api");
  });

  test("an answer that is lost on its way is looked up: what was decided counts as decided", async () => {
    const between = await startForgetful(stack.url);
    try {
      const lost = { ...env, AURA_URL: `${between.url}/api` };
      const { stream, requestId } = await waiting("Lost");
      expect(await command(["approve", requestId], lost)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`${requestId} is approved; what comes of it: `),
        stderr: "",
      });
      expect(between.forgotten).toBe(1);
      expect(await toolsOf(stream)).toMatchObject([{ status: "executing" }, { outcome: "completed" }]);
      // Somebody else's decision is not taken for ours.
      const theirs = await waiting("Theirs");
      await decide(stack, theirs.requestId, "reject", "no");
      expect(await command(["approve", theirs.requestId], lost)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("changes nothing: rejected by user123: no"),
      });
      await theirs.stream.ended;
    } finally {
      await between.close();
    }
  });
});

describe("what a Main Service may answer beside that", () => {
  let answers: Record<string, Answer>;
  let server: Awaited<ReturnType<typeof startApiServer>>;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    server = await startApiServer(
      ({ line }: Asked) =>
        answers[line] ?? { status: 404, errorCode: "E1004", message: "Resource not found." },
    );
    env = { AURA_URL: `${server.url}`, AURA_TOKEN: await tokenOf() };
  });
  beforeEach(() => {
    server.asked.length = 0;
  });
  afterAll(() => server.close());

  const APPROVE = "POST /aura/hitl/approve/req-1";
  const RECORD = "GET /aura/hitl/requests/req-1";
  const record = (more: object): Answer => ({
    data: JSON.stringify({
      requestId: "req-1",
      sessionId: "thread-1",
      status: "pending",
      reason: null,
      ...more,
    }),
  });
  const run = (...args: string[]) => command(["approve", "req-1", ...args], env);

  test("what is sent is the contract's: body, X-User-ID, and no reason where none is given", async () => {
    answers = { [APPROVE]: { data: { requestId: "req-1", sessionId: "thread-1", status: "approved" } } };
    expect(await run("--json")).toMatchObject({ code: 0 });
    expect(server.asked).toMatchObject([
      {
        line: APPROVE,
        body: { userId: "user123" },
        headers: { "x-user-id": "user123", "x-tenant-id": "1" },
      },
    ]);
    expect(server.asked[0]?.body).toEqual({ userId: "user123" });
  });

  test("a 409 that does not say what stands: the record does, or else nothing is claimed", async () => {
    const bare: Answer = { status: 409, errorCode: "E3006", message: "Decided already." };
    answers = {
      [APPROVE]: bare,
      [RECORD]: record({ status: "rejected", rejectedBy: "boss", outcome: "expired" }),
    };
    expect(await run()).toMatchObject({ code: 4, stderr: expect.stringContaining("nothing: expired\n") });
    answers = { [APPROVE]: bare, [RECORD]: record({ status: "approved", approvedBy: null }) };
    expect(await run()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("was decided before, in the same way: approved; "),
    });
    answers = { [APPROVE]: bare };
    expect(await run()).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("decided already; Main Service does not say how"),
    });
  });

  test("a failure in the middle does not claim either way, and says that asking again is safe", async () => {
    const down: Answer = { status: 504, errorCode: "E5001", message: "Timed out." };
    answers = { [APPROVE]: down, [RECORD]: record({}) };
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("E5001 (HTTP 504): Timed out.");
    expect(stderr).toContain("not known whether the decision arrived; deciding again is safe");
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const nobody = await command(["approve", "req-1"], { ...env, AURA_URL: `http://127.0.0.1:${port}/api` });
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining("cannot connect") });
    expect(nobody.stderr).not.toContain("not known whether");
  });

  test("answers of any shape end in one of the exit codes, one harmless line, and never in a false yes", async () => {
    const value = fc.oneof(
      fc.constantFrom("approved", "rejected", "pending", null, "thread-1", "a\u001b[2Jb"),
      fc.jsonValue({ maxDepth: 3 }),
    );
    const keys = ["requestId", "sessionId", "status", "reason", "approvedBy", "outcome"];
    const body = fc.dictionary(fc.constantFrom(...keys), value);
    const data = fc.oneof(
      body,
      value,
      body.map((each) => JSON.stringify(each)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 409, 500), data, data, async (status, decided, kept) => {
        const answer = { data: decided };
        answers = {
          [APPROVE]: status === 200 ? answer : { status, errorCode: "E1", message: "no", ...answer },
          [RECORD]: { data: kept },
        };
        const { code, stdout, stderr } = await run();
        expect([0, 1, 4]).toContain(code);
        expect(`${stdout}${stderr}`).toMatch(/^[^\p{Cc}]+\n$/u);
        const says = [decided, typeof kept === "string" ? safely(kept) : null];
        if (code === 0) expect(says).toContainEqual(expect.objectContaining({ status: "approved" }));
      }),
    );
  });
});

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
