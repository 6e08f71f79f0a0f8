const schema = (properties: unknown, rest: Record<string, unknown> = {}) => ({
  type: "object",
  properties,
  ...rest,
});
const tool = (name: string, inputSchema: unknown, rest: Record<string, unknown> = {}) => ({
  name,
  description: "x",
  inputSchema,
  ...rest,
});

/** Lists of tools as servers send them, each for its kind: what fuzz tests begin with. */
export const LISTS: readonly Record<string, unknown>[] = [
  { tools: [tool("tags", schema({ tags: { type: "array" } }))] },
  { tools: [tool("url", schema({ url: { type: "string", required: true } }))] },
  { tools: [tool("one", schema({})), tool("two", schema({}))], nextCursor: "" },
  { tools: [tool("one", schema({}))], nextCursor: null },
  {
    tools: [
      tool("pay", schema({ url: { type: "string", pattern: "^https\\:\\/\\/" } }, { required: ["url"] })),
    ],
  },
  { tools: [tool("get", schema({}), { annotations: { readOnlyHint: null, title: null } })] },
  {
    tools: [
      tool(
        "tree",
        schema(
          {
            root: { $ref: "#/$defs/node" },
            size: { type: ["integer", "null"], enum: [1, 2, null] },
            when: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
            이름: { type: "string", nullable: true, pattern: "^\\p{L}+$" },
          },
          {
            $defs: { node: schema({ next: { $ref: "#/$defs/node" } }) },
            required: ["root"],
            additionalProperties: false,
            oneOf: [{ required: ["size"] }, { required: ["when"] }],
          },
        ),
      ),
    ],
  },
];

/** Answers to a call. */
export const RESULTS: readonly Record<string, unknown>[] = [
  { content: [{ type: "json", json: { order: "A-17" } }] },
  { content: [{ type: "text", text: "done" }], structuredContent: { order: "A-17" }, isError: false },
  {
    content: [
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "resource_link", uri: "file:///a", name: "a" },
      { type: "resource", resource: { uri: "file:///b", text: "b" } },
    ],
  },
  { content: [{ type: "text", text: "disk full" }], isError: true, _meta: { a: 1 } },
];
