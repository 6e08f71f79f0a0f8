import type { Mutant } from "../mutant.ts";

const MCP = ["test/mcp/tools.test.ts", "test/mcp/mcp.integration.test.ts"];
const STATE = ["test/graphs/saved/saved-state.test.ts"];
const SAVED = [
  "test/http/thread-documents.integration.test.ts",
  "test/http/saved-threads-refused.integration.test.ts",
];

/** What strangers write is data. */
export const STRANGERS: readonly Mutant[] = [
  {
    promise: "data that looks like something of ours is stored as the data it is",
    file: "packages/checkpoint-redis/src/serializer/marks.ts",
    source: "return isDollars(key) ? `$${key}` : key;",
    replacement: "return key;",
    tests: ["test/packages/checkpoint-redis/serializer/serializer.test.ts"],
  },
  {
    promise: "a server's readOnlyHint counts only where the operator trusts it",
    file: "src/mcp/tools.ts",
    source: "server.trust ?",
    replacement: "server.trust !== null ?",
    tests: MCP,
  },
  {
    promise: "an MCP tool is offered in a form that every provider takes",
    file: "src/mcp/tools.ts",
    source: "parameters: offered.parameters,",
    replacement: "parameters: tool.inputSchema,",
    tests: ["test/mcp/cases.integration.test.ts"],
  },
  {
    promise: "... and what it is called with is checked against its server's own schema",
    file: "src/mcp/tools.ts",
    source: "argumentsSchema(tool.inputSchema,",
    replacement: "argumentsSchema(offered.parameters,",
    tests: ["test/mcp/tools.test.ts"],
  },
  {
    promise: "an MCP call is made again only where its server has not looked at it",
    file: "src/mcp/keep-connected.ts",
    source: "if (!isConnectionLost(error)) throw error;",
    replacement: "if (error === null) throw error;",
    tests: ["test/mcp/answers.integration.test.ts"],
  },
  {
    promise: "an answer that ends early is told at once",
    file: "src/mcp/http-answers.ts",
    source: "yield frame(unanswered(sent.id, why));",
    replacement: "",
    tests: ["test/mcp/answers.integration.test.ts"],
  },
  {
    promise: "what a server's tool answers is marked as data",
    file: "graphs/state/tool-answer.ts",
    source: "return untrusted ?",
    replacement: "return untrusted === null ?",
    tests: MCP,
  },
  {
    promise: "... and nothing in it can close the mark",
    file: "graphs/state/tool-answer.ts",
    source: String.raw`.replaceAll("<", "\\u003c")`,
    replacement: "",
    tests: MCP,
  },
  {
    promise: "... also what it says when it fails",
    file: "graphs/state/tool-answer.ts",
    source: "if (untrusted) return",
    replacement: "if (untrusted === null) return",
    tests: MCP,
  },
  {
    promise: "an imported document changes no prototype",
    file: "graphs/saved/portable.ts",
    source: `if (Object.hasOwn(value, "__proto__"))`,
    replacement: `if (Object.hasOwn(value, "no such key"))`,
    tests: STATE,
  },
  {
    promise: "an edit of a state holds nothing of the kind either",
    file: "graphs/saved/state-edits.ts",
    source: "refuseHostile(edits);",
    replacement: "",
    tests: [...STATE, ...SAVED],
  },
  {
    promise: "an approval never travels: an imported one waits for nobody",
    file: "src/threads/import.ts",
    source: `if (approval.status !== "pending") return approval;`,
    replacement: "if (approval.status !== null) return approval;",
    tests: SAVED,
  },
  {
    promise: "an imported run waits for nobody",
    file: "src/threads/import.ts",
    source: "run: isTerminal(run.status) ? record :",
    replacement: "run: run.status !== null ? record :",
    tests: SAVED,
  },
];
