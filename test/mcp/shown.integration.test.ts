import { expect, onTestFinished, test } from "vitest";
import { planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, startStack } from "../helpers/stack.ts";
import { startHttpMcp, textTool } from "./http-server.ts";

/** The whole service with a server whose tool `delete` takes anything; the model calls it once with these arguments. */
async function callDelete(args: Record<string, unknown>) {
  const server = await startHttpMcp([textTool("delete", { inputSchema: { type: "object" } })]);
  onTestFinished(() => server.close());
  const stub = await startOpenAiStub();
  onTestFinished(() => stub.close());
  const stack = await startStack({
    backend: "embedded",
    env: {
      OPENAI_BASE_URL: stub.url,
      OPENAI_API_KEY: "key",
      AURA_MCP_SERVERS: JSON.stringify({ far: { url: server.url } }),
    },
  });
  onTestFinished(() => stack.close());
  await expect.poll(() => stack.logs.some(({ msg }) => msg === "MCP server connected")).toBe(true);
  stub.script(
    planReply({ title: "Delete" }),
    { reply: { calls: [{ name: "far__delete", args }] } },
    { reply: { text: "ok" } },
  );
  const stream = await chat(stack, { prompt: "delete", context: { language: "en" } });
  return { server, stack, stub, stream };
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `id-${at}`);

test("a call with 5,000 ids cannot be shown: it is refused with a reason, and never reaches the server", async () => {
  const { server, stack, stub, stream } = await callDelete({ ids: ids(5_000) });
  const events = eventsOf(await stream.ended);
  expect(events.filter(({ type }) => type === "hitl")).toEqual([]);
  expect(events.find(({ type }) => type === "tool_execution")?.data).toMatchObject({
    status: "failed",
    result: expect.stringContaining("too large to be shown"),
  });
  const told = stub.requests.at(-1)?.messages.at(-1);
  expect(told?.content).toMatch(/^NOT EXECUTED \(too large to show\): .*Split it into several calls/);
  expect((await getJson(stack, "/api/aura/approvals")).data.items).toEqual([]);
  expect(server.calls).toEqual([]);
  stub.verify();
});

test("nested lists beside a long text are whole, and what was approved is what the server gets", async () => {
  const args = {
    orders: [{ id: 7, items: ids(300), amount: 90_000 }],
    "hid\u200bden": true,
    note: `${"x".repeat(30_000)} and all of it`,
  };
  const { server, stack, stream } = await callDelete(args);
  const hitl = await stream.event("hitl");
  expect(hitl.context).toMatchObject({ orders: args.orders, "hid\u200bden": true });
  expect(hitl.notShown).toEqual({ note: args.note.length - hitl.context.note.length + 1 });
  expect(hitl.message).toMatch(
    /^Note: this is shown in part\. .* of the 30,014 characters of "note"\. .*"hid⟨U\+200B⟩den" \(1\)\. Run the tool "delete" of the MCP server "far"\?$/,
  );
  await decide(stack, hitl.requestId, "approve");
  await stream.ended;
  expect(server.calls.map((call) => call.arguments)).toEqual([args]);
});
