import fc from "fast-check";
import { expect, test } from "vitest";
import { readMessages } from "../../src/mcp/messages.ts";
import { toResult } from "../../src/mcp/result.ts";
import { mcpServers } from "../../src/mcp/settings.ts";
import { toAuraTools } from "../../src/mcp/tools.ts";
import { ToolError } from "../../tools/tool.ts";
import { planReply, startOpenAiStub } from "../helpers/openai-stub.ts";
import { textOf } from "../helpers/sse-client.ts";
import { chat, decide, startStack } from "../helpers/stack.ts";
import { connect, rawMcp } from "./connect.ts";
import { LISTS, RESULTS } from "./kinds.ts";
import { mutated } from "./mutate.ts";
import { refusals } from "./provider-rules.ts";
import { plainTool, type RawRequest, startRawMcp } from "./raw-server.ts";

const unreachable = { call: () => Promise.reject(new Error("not called")) };
const NAME = /^far__[A-Za-z0-9_-]{1,59}$/;

test("whatever a server lists becomes tools, or is left out with a reason", () => {
  const [server] = mcpServers.parse('{"far":{"url":"http://mcp/"}}');
  fc.assert(
    fc.property(mutated(LISTS), (list) => {
      const listed = (list as { tools?: unknown } | null)?.tools;
      const left: string[] = [];
      const report = { leftOut: (_: string, why: string) => void left.push(why), unchecked: () => {} };
      const tools = toAuraTools(server!, unreachable, Array.isArray(listed) ? listed : [], report);
      for (const { name, description, parameters, schema } of tools) {
        expect(refusals(parameters)).toEqual([]);
        expect(typeof schema.safeParse({ url: "x", root: {}, 이름: null }).success).toBe("boolean");
        expect(name).toMatch(NAME);
        expect(description.isWellFormed()).toBe(true);
      }
      expect(left.every((why) => why !== "")).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("whatever a server answers becomes messages and a result that can be stored", () => {
  fc.assert(
    fc.property(mutated(RESULTS.map((result) => ({ jsonrpc: "2.0", id: 1, result }))), (message) => {
      for (const each of readMessages(message, 1)) {
        if ("result" in each) expect(JSON.stringify(toResult(each.result)).length).toBeLessThan(600_000);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a call is told something at once, whatever bytes answer it, and the next one is answered", async () => {
  const { server, call } = await rawMcp({ "tools/list": { tools: [plainTool("do")] } });
  const message = mutated(RESULTS.map((result) => ({ jsonrpc: "2.0", id: "ID", result })));
  const bytes = fc.record({
    message,
    status: fc.constantFrom(200, 200, 200, 202, 204, 302, 400, 404, 410, 500),
    type: fc.constantFrom("application/json", "text/event-stream", "text/plain", ""),
    lines: fc.constantFrom("\n", "\r\n", "\r"),
    keep: fc.double({ min: 0, max: 1, noNaN: true }),
    end: fc.constantFrom("end", "end", "cut"),
  });
  await fc.assert(
    fc.asyncProperty(bytes, async ({ message, status, type, lines, keep, end }) => {
      server.answer({
        "tools/call": ({ id, response }: RawRequest) => {
          const json = JSON.stringify(message).replace('"ID"', JSON.stringify(id));
          const whole = type === "text/event-stream" ? `data: ${json}${lines}${lines}` : json;
          const hasBody = status !== 204;
          response.writeHead(status, type === "" ? {} : { "content-type": type });
          if (hasBody) response.write(whole.slice(0, Math.ceil(whole.length * keep) + 1));
          if (end === "end") response.end();
          else response.socket?.destroySoon();
        },
      });
      const outcome = await call("far__do").catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ToolError);
      else JSON.stringify(outcome);
      server.answer({ "tools/call": { content: "ok" } });
      // A connection that was cut may be made anew first; nothing else may be told.
      await expect.poll(() => call("far__do").catch(String)).toEqual({ text: "ok" });
    }),
    { numRuns: 150, endOnFailure: true },
  );
});

test("whatever is listed, the server's own connection and those of others stand", async () => {
  const server = await startRawMcp({});
  const other = await startRawMcp({
    "tools/list": { tools: [plainTool("do")] },
    "tools/call": { content: "ok" },
  });
  await fc.assert(
    fc.asyncProperty(mutated(LISTS), async (list) => {
      server.answer({ "tools/list": () => list ?? null });
      const { mcp, names, call } = connect({ far: { url: server.url }, other: { url: other.url } });
      await mcp.settled(60_000);
      await expect.poll(names).toContain("other__do");
      expect(await call("other__do")).toEqual({ text: "ok" });
      await mcp.close();
    }),
    { numRuns: 40, endOnFailure: true },
  );
  await Promise.all([server.close(), other.close()]);
});

test("whatever is listed and answered, a provider takes the tools and the thread answers a next prompt", async () => {
  const plan = planReply({ title: "Do it" }).reply;
  const refused: string[] = [];
  const stub = await startOpenAiStub([], {
    always: ({ tools, messages }) => {
      if (tools === undefined) return plan;
      refused.push(...tools.flatMap(({ function: each }) => refusals(each.parameters)));
      const far = tools.find(({ function: { name } }) => name.startsWith("far__"));
      if (far === undefined || messages.at(-1)?.role === "tool") return { text: "done" };
      return { calls: [{ name: far.function.name, args: { url: "https://a", root: {} } }] };
    },
  });
  const server = await startRawMcp({});
  await fc.assert(
    fc.asyncProperty(mutated(LISTS), mutated(RESULTS), async (list, result) => {
      server.answer({ "tools/list": () => list ?? null, "tools/call": () => result ?? null });
      const stack = await startStack({
        backend: "embedded",
        env: {
          OPENAI_BASE_URL: stub.url,
          OPENAI_API_KEY: "key",
          AURA_MCP_SERVERS: JSON.stringify({ far: { url: server.url } }),
        },
      });
      try {
        for (const prompt of ["go", "again"]) {
          const stream = await chat(stack, { prompt, threadId: "fuzz" });
          const seen = await stream.first(
            ({ event }) => event === "hitl" || event === "content" || event === "error",
          );
          if (seen.event === "hitl")
            await decide(stack, JSON.parse(seen.data ?? "").data.requestId, "approve");
          await stream.ended;
          expect(textOf(stream.frames)).toBe("done");
        }
      } finally {
        await stack.close();
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
  expect(refused).toEqual([]);
  await Promise.all([server.close(), stub.close()]);
});
