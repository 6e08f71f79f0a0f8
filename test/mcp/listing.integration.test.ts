import { expect, test } from "vitest";
import { type Connected, connectTo, rawMcp } from "./connect.ts";
import { HANDSHAKE, plainTool } from "./raw-server.ts";
import { rawStdio } from "./raw-stdio-settings.ts";

const leftOut = ({ logger }: Connected) =>
  logger.lines.filter((line) => line.startsWith("warn: MCP tool left out"));

test.each<[string, Record<string, unknown>]>([
  ["an empty cursor", { nextCursor: "" }],
  ["a cursor that is null", { nextCursor: null }],
  ["a cursor that never moves", { nextCursor: "more" }],
  ["a cursor of another type", { nextCursor: false }],
  ["metadata that is null", { nextCursor: null, _meta: null }],
])("%s: both tools are there, once", async (_, rest) => {
  const { server, names } = await rawMcp({
    "tools/list": { tools: [plainTool("one"), plainTool("two")], ...rest },
  });
  expect(names()).toEqual(["far__one", "far__two"]);
  expect(server.methods.filter((each) => each === "tools/list").length).toBeLessThanOrEqual(2);
});

test("cursors that go round in a ring end where they began; pages before are whole", async () => {
  const pages: Record<string, [string, string]> = { "": ["one", "a"], a: ["two", "b"], b: ["three", "a"] };
  const { names, logger } = await rawMcp({
    "tools/list": ({ params }: any) => {
      const [name, nextCursor] = pages[params?.cursor ?? ""]!;
      return { tools: [plainTool(name)], nextCursor };
    },
  });
  expect(names()).toEqual(["far__one", "far__two", "far__three"]);
  expect(logger.lines).toContain("warn: the MCP server's list was not read to its end: its cursors repeat");
});

test("a list without an end is read to a bound, and that is said", async () => {
  let page = 0;
  const { names, logger } = await rawMcp({
    "tools/list": () => {
      page += 1;
      return { tools: [plainTool(`t${page}`)], nextCursor: `page-${page}` };
    },
  });
  expect(names().length).toBeGreaterThan(10);
  expect(logger.lines.some((line) => /list was not read to its end: .*pages/.test(line))).toBe(true);
});

test.each<[string, Record<string, unknown>]>([
  ["hints and a title that are null", { annotations: { readOnlyHint: null, title: null } }],
  ["nulls for everything that may be absent", nulls()],
  ["things of other types in their places", { title: 7, description: ["x"], annotations: [], icons: {} }],
  ["hints that are words", { annotations: { readOnlyHint: "true", idempotentHint: 1 } }],
  ["properties as PHP writes an empty object", { inputSchema: { type: "object", properties: [] } }],
  ["an output schema that is none", { outputSchema: [] }],
])("%s count as not given: the tool is there, and asks", async (_, rest) => {
  const { mcp, names } = await rawMcp({ "tools/list": { tools: [{ ...plainTool("get"), ...rest }] } });
  expect(names()).toEqual(["far__get"]);
  expect(mcp.source.tools()[0]).toMatchObject({ approval: "always", idempotent: false });
});

function nulls(): Record<string, unknown> {
  const keys = ["title", "description", "annotations", "execution", "outputSchema", "icons", "_meta"];
  return Object.fromEntries(keys.map((key) => [key, null]));
}

test("one malformed tool costs itself: it is left out with its name and the reason", async () => {
  const deep = (levels: number): unknown => (levels === 0 ? {} : { properties: { x: deep(levels - 1) } });
  const connected = await rawMcp({
    "tools/list": {
      tools: [
        plainTool("good"),
        null,
        "text",
        { name: 7 },
        { name: "", inputSchema: { type: "object" } },
        { name: "no_schema" },
        { name: "text_schema", inputSchema: "object" },
        { name: "not_an_object", inputSchema: { type: "string" } },
        { name: "deep", inputSchema: deep(500) },
        { name: "as_task", inputSchema: { type: "object" }, execution: { taskSupport: "required" } },
        plainTool("better"),
      ],
    },
  });
  expect(connected.names()).toEqual(["far__good", "far__better"]);
  expect(leftOut(connected)).toHaveLength(9);
  for (const name of ["no_schema", "text_schema", "not_an_object", "deep", "as_task"]) {
    expect(connected.logger.details.some((each) => each.includes(`tool: '${name}'`))).toBe(true);
  }
});

test("a tool that is listed twice, word for word, is one; two that differ under one name are none", async () => {
  const again = plainTool("again");
  const connected = await rawMcp({
    "tools/list": {
      tools: [again, plainTool("other"), again, plainTool("two"), { ...plainTool("two"), description: "x" }],
    },
  });
  expect(connected.names()).toEqual(["far__again", "far__other"]);
  expect(leftOut(connected)).toHaveLength(2);
});

test.each<[string, Record<string, unknown>]>([
  ["null for every part", { title: null, instructions: null, _meta: null }],
  ["capabilities as PHP writes them", { capabilities: { tools: [], logging: null, prompts: [] } }],
  ["no name of its own", { serverInfo: null }],
])("a handshake with %s is one", async (_, rest) => {
  const { names } = await rawMcp({
    initialize: { ...HANDSHAKE, ...rest },
    "tools/list": { tools: [plainTool("one")] },
  });
  expect(names()).toEqual(["far__one"]);
});

test("a server whose list is null has no tools; one that has none answers as it likes", async () => {
  const none = await rawMcp({ "tools/list": { tools: null } });
  expect(none.names()).toEqual([]);
  const refuses = await rawMcp({
    initialize: { ...HANDSHAKE, capabilities: {} },
    "tools/list": ({ id, response }: any) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_601, message: "no such method" } }),
      );
    },
  });
  expect(refuses.names()).toEqual([]);
});

test("stdio: what is no message is passed over, and null beside an answer is nothing", async () => {
  const { names, call } = await connectTo(
    rawStdio({
      before: "added 5 packages in 2s\n\n{ not json\n[1]\n",
      whole: { error: null, method: null },
      "tools/list": { tools: [plainTool("one")], nextCursor: null, _meta: null },
      "tools/call": { content: null, _meta: null, structuredContent: null, isError: null },
    }),
  );
  expect(names()).toEqual(["far__one"]);
  expect(await call("far__one")).toEqual({});
});
