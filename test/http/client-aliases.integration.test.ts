import { afterEach, expect, test } from "vitest";
import { eventsOf, type Frame, openStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";

const MAIL = "Send an email to kim@example.com with subject Hi saying hello there";
const ARGS = { to: "kim@example.com", subject: "Hi", body: "hello there" };

let stack: Stack;
afterEach(() => stack.close());

const wires = (frames: readonly Frame[]) =>
  frames.flatMap(({ event, data }) => (event === undefined ? [] : [JSON.parse(data ?? "")]));

test("[R8.30] as DWP's page and its overlay read them, approvals have their arguments and can be approved", async () => {
  stack = await startStack({ backend: "embedded" });
  const stream = await chat(stack, { prompt: MAIL, threadId: "named" });
  const frame = await stream.first(({ event }) => event === "hitl");
  const hitl = JSON.parse(frame.data ?? "");
  // The page takes `event` before `type`, and these of `data`; the overlay `type`, and `params`.
  expect([hitl.event || hitl.type, hitl.type]).toEqual(["hitl_request", "hitl"]);
  const { id, action, params, ...contract } = hitl.data;
  expect(params).toMatchObject(ARGS);
  expect(params).toEqual(contract.context);
  expect([id, action]).toEqual([contract.requestId, "send_email"]);
  expect((await decide(stack, id, "approve")).status).toBe(200);
  const all = wires(await stream.ended);
  const names = new Set(all.map(({ event, type }) => `${type} ${event ?? type}`));
  expect([...names].sort()).toEqual([
    "content content",
    "hitl hitl_request",
    "plan_step plan_step",
    "plan_step plan_step_update",
    "thought thought_chain",
    "tool_execution action_execution",
  ]);
  const executions = all.filter(({ type }) => type === "tool_execution").map(({ data }) => data);
  for (const { id, action, params, tool, toolCallId, parameters } of executions) {
    expect({ id, action, params }).toEqual({ id: toolCallId, action: tool, params: parameters });
  }
  // The first that is told of a step is its row, and the others change it.
  const rows = new Set<string>();
  for (const { type, event = type, data } of all.filter(({ type }) => type === "plan_step")) {
    expect(event).toBe(rows.has(data.id) ? "plan_step_update" : "plan_step");
    rows.add(data.id);
  }

  const [runId, seq] = (frame.id ?? "").split(":");
  const record = (await getJson(stack, `/api/aura/runs/${runId}/events/${seq}`)).data;
  expect(record).toEqual({ type: "hitl", data: contract });
  const replay = await openStream(`${stack.url}/api/aura/threads/named/replay`, {
    method: "POST",
    headers: await headersOf(),
    body: JSON.stringify({ speed: 0 }),
  });
  expect(wires(await replay.ended)).toEqual(all);
});

test("[R8.30] AURA_CLIENT_ALIASES=off: the contract's names alone", async () => {
  stack = await startStack({ backend: "embedded", env: { AURA_CLIENT_ALIASES: "off" } });
  const stream = await chat(stack, { prompt: MAIL });
  const { requestId } = await stream.event("hitl");
  await decide(stack, requestId, "approve");
  const frames = await stream.ended;
  for (const wire of wires(frames)) expect(Object.keys(wire)).toEqual(["type", "data"]);
  for (const { type, data } of eventsOf(frames)) {
    if (type === "hitl" || type === "tool_execution") {
      for (const name of ["id", "action", "params"]) expect(data).not.toHaveProperty(name);
    }
  }
});
