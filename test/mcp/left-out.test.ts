import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { fairShare } from "../../src/mcp/fair-share.ts";
import { connect, rawMcp } from "./connect.ts";
import { plainTool, startRawMcp } from "./raw-server.ts";

test.each([
  [[5, 2], 4, [2, 2]],
  [[5, 2], 6, [4, 2]],
  [[5, 2], 100, [5, 2]],
  [[3, 3, 3], 4, [2, 1, 1]],
  [[0, 9], 3, [0, 3]],
  [[1, 1], 0, [0, 0]],
  [[1, 1], -3, [0, 0]],
  [[], 5, []],
])("of %j tools %i are taken: %j", (lengths, room, taken) => {
  expect(fairShare(lengths, room)).toEqual(taken);
});

test("a share fills the room, and nobody has two more than one who wants more", () => {
  const lengths = fc.array(fc.nat({ max: 50 }), { maxLength: 8 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: -5, max: 200 }), (wanted, room) => {
      const taken = fairShare(wanted, room);
      const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
      expect(sum(taken)).toBe(Math.min(Math.max(0, room), sum(wanted)));
      const hungry = taken.filter((each, at) => each < wanted[at]!);
      expect(Math.max(0, ...taken)).toBeLessThanOrEqual(Math.min(Infinity, ...hungry) + 1);
    }),
  );
});

test("a tool that a provider refuses is offered no more, until its server lists it otherwise; others are not touched", async () => {
  const { server, mcp, names, logger } = await rawMcp({
    "tools/list": { tools: [plainTool("bad"), plainTool("good")] },
  });
  const { source } = mcp;
  expect(source.leaveOut).toBeDefined();
  source.leaveOut?.("far__bad", "the model's provider refuses it");
  source.leaveOut?.("far__bad", "again");
  source.leaveOut?.("send_email", "not of a server");
  source.leaveOut?.("far__unknown", "not there");
  expect(names()).toEqual(["far__good"]);
  expect(logger.lines.filter((line) => line.includes("left out"))).toEqual([
    "warn: MCP tool left out: the model's provider refuses it",
  ]);
  expect(mcp.view()[0]?.leftOut).toEqual([{ tool: "bad", reason: "the model's provider refuses it" }]);
  expect(source.whyMissing("far__bad", "en")).toBe(
    'The tool "bad" of the MCP server "far" is left out, so nothing was run (the model\'s provider refuses it).',
  );
  const relisted = async (tools: unknown[], expected: string[]) => {
    server.answer({ "tools/list": { tools } });
    server.notify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    await expect.poll(names).toEqual(expected);
  };
  await relisted([plainTool("bad"), plainTool("good"), plainTool("more")], ["far__good", "far__more"]);
  const other = { name: "bad", inputSchema: { type: "object", properties: { x: { type: "string" } } } };
  await relisted([other, plainTool("good")], ["far__bad", "far__good"]);
});

test("a server that joins later gets its share; what there is no room for says so when it is called", async () => {
  const list = (...all: string[]) => ({ "tools/list": { tools: all.map(plainTool) } });
  const [early, late] = [await startRawMcp(list("a", "b", "c")), await startRawMcp(list("d"))];
  onTestFinished(() => Promise.all([early.close(), late.close()]).then(() => {}));
  late.answer({ initialize: () => undefined });
  const { mcp, names } = connect(
    { early: { url: early.url }, late: { url: late.url, connectTimeoutMs: 100 } },
    3,
  );
  await expect.poll(names).toEqual(["early__a", "early__b", "early__c"]);
  const tools = mcp.source.tools();
  expect(mcp.source.tools()).toBe(tools);
  late.answer({ initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} } } });
  await expect.poll(names).toEqual(["early__a", "early__b", "late__d"]);
  expect(mcp.source.whyMissing("early__c", "ko")).toContain("제공되지 않아 실행하지 않았습니다");
});
