import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../devstack/jwt.ts";
import { command, tokenOf } from "../cli/cli.ts";
import { eventually } from "../helpers/eventually.ts";
import { headersOf, JWT_SECRET, type Person, type Stack, startStack } from "../helpers/stack.ts";

type Values = string | string[] | undefined;

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
  json(): any;
}

/** Unlike fetch it sends a header twice when it has two values, and bytes as they are. */
async function send(url: string, headers: Record<string, Values>, body?: unknown): Promise<Answer> {
  const sent = Object.entries(headers).filter((entry): entry is [string, string | string[]] => !!entry[1]);
  const outgoing = request(url, {
    method: body === undefined ? "GET" : "POST",
    headers: Object.fromEntries(sent),
  });
  // As bytes: with a string Node writes the headers in the string's encoding.
  outgoing.end(body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
  const [incoming]: IncomingMessage[] = await once(outgoing, "response");
  if (incoming === undefined) throw new Error("no answer");
  const answer = await text(incoming);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: answer,
    json: () => JSON.parse(answer),
  };
}

/** A text as it travels in a header: one character per byte of its UTF-8. */
const bytes = (value: string) => Buffer.from(value, "utf8").toString("latin1");

describe("headers that a proxy has doubled", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend: "embedded" });
  });
  afterAll(() => stack.close());

  const threads = async (headers: Record<string, Values>) => {
    const { "content-type": _, ...mine } = await headersOf();
    return send(`${stack.aura.url}/aura/threads`, {
      ...mine,
      "accept-language": "en",
      ...headers,
    });
  };
  const prompt = async (headers: Record<string, Values>, body: object = { prompt: "hello" }) =>
    send(`${stack.aura.url}/aura/test/stream`, { ...(await headersOf()), ...headers }, body);

  test.each([
    ["tenant lines", { "x-tenant-id": ["1", "1"] }],
    ["tenant joined", { "x-tenant-id": "1,1" }],
    ["user lines", { "x-user-id": ["user123", "user123", "user123"] }],
    ["user joined", { "x-user-id": "user123, user123" }],
    ["one of them empty", { "x-user-id": ["", "user123"], "x-tenant-id": "1, " }],
  ])("[R2.5] [R2.6] equal values count once: %s", async (_, headers) => {
    expect((await threads(headers)).status).toBe(200);
  });

  test("a token that was sent twice is one token, and two tokens are none", async () => {
    const mine = `Bearer ${await tokenOf()}`;
    const other = `Bearer ${await tokenOf({ user: "user456", tenant: "1" })}`;
    expect((await threads({ authorization: [mine, mine] })).status).toBe(200);
    expect((await threads({ authorization: `${mine}, ${mine}` })).status).toBe(200);
    for (const authorization of [[mine, other], `${mine}, ${other}`]) {
      const answer = await threads({ authorization });
      expect([answer.status, answer.json().errorCode]).toEqual([401, "E2003"]);
      expect(answer.json().message).toContain("Authorization");
      expect(answer.body).not.toContain(other.slice(7));
    }
  });

  test.each([
    ["x-tenant-id", ["1", "2"], 403, "E2007", "X-Tenant-ID"],
    ["x-tenant-id", "2,1", 403, "E2007", "X-Tenant-ID"],
    ["x-user-id", ["user456", "user123"], 403, "E2001", "X-User-ID"],
    ["x-user-id", "user123, user456", 403, "E2001", "X-User-ID"],
  ])("[R2.5] [R2.6] differing values of %s are refused: %s", async (name, value, status, code, said) => {
    const answer = await threads({ [name]: value });
    expect([answer.status, answer.json().errorCode]).toEqual([status, code]);
    expect(answer.json().message).toContain(said);
  });

  test("[R8.3] [R8.4] a session id, a position and an Idempotency-Key that were doubled count once", async () => {
    const first = await prompt({
      "x-agent-id": ["doubled-1", "doubled-1"],
      "idempotency-key": ["key-1", "key-1"],
      "x-correlation-id": ["trace-1", "trace-1"],
    });
    const run = String(first.headers["x-run-id"]);
    expect(first).toMatchObject({
      status: 200,
      headers: { "x-thread-id": "doubled-1", "x-correlation-id": "trace-1" },
    });
    const again = await prompt({ "x-agent-id": "doubled-1", "idempotency-key": "key-1,key-1" });
    expect(again).toMatchObject({ status: 200, headers: { "x-run-id": run } });
    const followed = await prompt({ "last-event-id": [`${run}:2`, `${run}:2`] });
    expect(followed).toMatchObject({ status: 200, headers: { "x-run-id": run } });
    expect(followed.body).not.toContain(`id: ${run}:1\n`);
  });

  test.each([
    ["x-agent-id", ["one", "two"]],
    ["x-agent-id", "one, two"],
    ["last-event-id", ["run-1:1", "run-1:2"]],
    ["last-event-id", "run-1:1,run-1:2"],
    ["idempotency-key", ["one", "two"]],
  ])("[R5.2] %s with differing values %s is refused, and nothing starts", async (name, value) => {
    const started = stack.logs.filter(({ msg }) => msg === "stream opened").length;
    const answer = await prompt({ [name]: value });
    expect([answer.status, answer.json().errorCode]).toEqual([400, "E4000"]);
    expect(answer.json().message.toLowerCase()).toContain(name);
    expect(stack.logs.filter(({ msg }) => msg === "stream opened")).toHaveLength(started);
  });

  test("[R2.7] X-DWP headers are logged once", async () => {
    await threads({
      "x-dwp-source": ["FRONTEND", "FRONTEND"],
      "x-dwp-caller-type": "USER, USER",
      "x-correlation-id": "trace-logged",
    });
    expect(
      stack.logs.find(({ msg, traceId }) => msg === "request" && traceId === "trace-logged"),
    ).toMatchObject({
      source: "FRONTEND",
      callerType: "USER",
    });
  });

  test("a user or tenant that is not ASCII is known by its UTF-8, its Latin-1 and its percent-encoded form", async () => {
    const someone = async (person: Person, spelled: (id: string) => string) => {
      const token = await signToken(JWT_SECRET, { ...person, email: "user@dwp.com", role: "user" }, 3600);
      const spelledHeaders = { "x-tenant-id": spelled(person.tenant), "x-user-id": spelled(person.user) };
      return threads({ authorization: `Bearer ${token}`, ...spelledHeaders });
    };
    const korean = { user: "김철수, 대리", tenant: "한국지사" };
    const french = { user: "José", tenant: "Orléans" };
    expect((await someone(korean, bytes)).status).toBe(200);
    expect((await someone(korean, encodeURIComponent)).status).toBe(200);
    expect((await someone(korean, (id) => bytes(`${id}, ${id}`))).status).toBe(200);
    expect((await someone(french, bytes)).status).toBe(200);
    // As Java's HTTP client writes it.
    expect((await someone(french, (id) => id)).status).toBe(200);
    expect((await someone({ ...korean, user: "100%" }, (id) => bytes(id))).status).toBe(200);
    expect((await someone(korean, (id) => bytes(id.slice(0, -1)))).status).toBe(403);
  });
});

describe.each(["embedded", "redis"] as const)("a user id in Korean, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "200" } });
  });
  afterAll(() => stack.close());

  test("chats, decides and is told of through the Gateway, with the command line as well", async () => {
    const person = { user: "김철수", tenant: "1" };
    const token = await tokenOf(person);
    const headers = {
      authorization: `Bearer ${token}`,
      "x-tenant-id": person.tenant,
      "x-user-id": bytes(person.user),
    };
    const prompt = "Send an email to kim@example.com with subject Hi saying hello";
    const env = { AURA_URL: `${stack.url}/api`, AURA_TOKEN: token };
    const chatting = command(["chat", prompt, "--thread", "korean", "--wait"], env);
    const requestId = await eventually(async () => {
      const { items } = (await send(`${stack.url}/api/aura/approvals`, headers)).json().data;
      expect(items).toHaveLength(1);
      return items[0].requestId;
    });
    const approve = `${stack.url}/api/aura/hitl/approve/${requestId}`;
    const typed = { ...headers, "content-type": "application/json" };
    expect((await send(approve, typed, { userId: person.user })).status).toBe(200);
    const ended = await chatting;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toContain("kim@example.com");
    expect(stack.mailbox.mails()[0]).toMatchObject({
      sentBy: { tenantId: person.tenant, userId: person.user },
    });
    await eventually(async () => {
      const query = new URLSearchParams({ userId: person.user, tenantId: person.tenant, size: "10" });
      const { data } = (await send(`${stack.url}/api/main/agent/tasks?${query}`, headers)).json();
      expect(data.content).toMatchObject([{ status: "COMPLETED", taskType: "send_email" }]);
    });
  });
});
