import { afterAll, beforeAll, expect, test } from "vitest";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, type Stack, startStack } from "../helpers/stack.ts";
import { command, tokenOf } from "./cli.ts";

const MAILS =
  "Send an email to kim@example.com with subject One saying hello, and then send another email to lee@example.com with subject Two saying bye";

let stack: Stack;
let env: NodeJS.ProcessEnv;
let runId: string;
let events: { id: string; type: string; data: any }[];

beforeAll(async () => {
  stack = await startStack({ backend: "embedded" });
  env = { AURA_URL: `${stack.url}/api`, AURA_TOKEN: await tokenOf() };
  const stream = await chat(stack, { prompt: MAILS, threadId: "mails" });
  for (const [subject, decision] of [
    ["One", "approve"],
    ["Two", "reject"],
  ] as const) {
    const { data = "" } = await stream.first(
      ({ event, data }) => event === "hitl" && JSON.parse(data ?? "").data.context.subject === subject,
    );
    await decide(stack, JSON.parse(data).data.requestId, decision, "not now");
  }
  events = eventsOf(await stream.ended);
  runId = stream.response.headers.get("x-run-id") ?? "";
});
afterAll(() => stack.close());

const aura = async (...args: string[]) => {
  const ended = await command(args, env);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout;
};
const json = async (...args: string[]) => JSON.parse(await aura(...args, "--json"));
const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("what is saved of a thread is listed and shown", async () => {
  expect(await aura("threads")).toMatch(/mails\s+completed\s+-\s+\S+ \S+\s+Send an email to kim/);
  const shown = await aura("show", "mails");
  for (const said of [MAILS, runId, "send_email", "not now"]) expect(shown).toContain(said);
  expect(await aura("history", "mails")).toContain("tools");
  expect(await aura("audit", "mails")).toMatch(/approved[\s\S]*rejected|rejected[\s\S]*approved/);
  const run = await aura("run", runId);
  for (const node of ["plan", "agent", "tools", "finish", "send_email"]) expect(run).toContain(node);
});

test("a replay repeats what was recorded, and draws it", async () => {
  const replayed = lines(await aura("replay", "mails", "--speed", "0", "--json"));
  expect(replayed.map(({ id, type, data }) => ({ id, type, data }))).toEqual(events);
  const from = events[5]?.id ?? "";
  const rest = lines(await aura("replay", "mails", "--speed", "0", "--from", from, "--json"));
  expect(rest.map(({ id }) => id)).toEqual(events.slice(6).map(({ id }) => id));
  expect(await aura("replay", "mails", "--run", runId, "--speed", "100")).toContain("→ send_email");
});

test("a fork goes on from a checkpoint with another prompt", async () => {
  const { items } = await json("history", "mails");
  const { checkpointId } = items.find(({ next }: { next: string[] }) => next.includes("tools"));
  const forked = await command(["fork", "mails", checkpointId, "--prompt", "hello instead"], env);
  expect(forked).toMatchObject({ code: 0 });
  expect(forked.stdout).toContain("hello instead");
});

test("a thread is exported, deleted and imported again", async () => {
  const document = await aura("export", "mails");
  await aura("delete", "mails", "--yes");
  expect(await command(["show", "mails"], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("E1004"),
  });
  const { code, stdout } = await command(["import", "-"], env, document);
  expect(code).toBe(0);
  const replayed = lines(await aura("replay", stdout.trim(), "--speed", "0", "--json"));
  expect(replayed.map(({ id, type, data }) => ({ id, type, data }))).toEqual(events);
  expect(await command(["import", "-"], env, document)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`(runId: ${runId}, threadId: ${stdout.trim()})`),
  });
});
