import { expect, test } from "vitest";
import { mcpServers } from "../../src/mcp/settings.ts";
import { toAuraTools } from "../../src/mcp/tools.ts";
import { textTool } from "./http-server.ts";

const quiet = { leftOut: () => {}, unchecked: () => {} };
const unreachable = { call: () => Promise.reject(new Error("not called")) };

function toolOf(settings: Record<string, unknown>, annotations: Record<string, unknown>) {
  const [server] = mcpServers.parse(JSON.stringify({ far: { url: "http://mcp/", ...settings } }));
  return toAuraTools(server!, unreachable, [textTool("note", { annotations }).listed], quiet)[0];
}

test.each([
  [{ readOnlyHint: true }, "never", true],
  [{ idempotentHint: true }, "always", true],
  [{ destructiveHint: false }, "always", false],
  [{}, "always", false],
])(
  "what a server says of a tool counts when it is trusted, and only then: %o",
  (hints, approval, idempotent) => {
    expect(toolOf({ trust: true }, hints)).toMatchObject({ approval, idempotent, untrusted: true });
    expect(toolOf({}, hints)).toMatchObject({ approval: "always", idempotent: false, untrusted: true });
  },
);

test("arguments are checked whole and kept as they are", () => {
  const inputSchema = {
    type: "object",
    properties: {
      text: { type: "string", default: "x" },
      when: { anyOf: [{ type: "string" }, { type: "null" }] },
    },
    not: { required: ["bcc"] },
  };
  const [server] = mcpServers.parse('{"far":{"url":"http://mcp/"}}');
  const [tool] = toAuraTools(server!, unreachable, [{ name: "note", inputSchema }], quiet);
  const args = { when: null, more: [{ deep: 1 }] };
  expect(tool?.schema.parse(args)).toEqual(args);
  expect(tool?.schema.safeParse({ when: 7 }).success).toBe(false);
  expect(tool?.schema.safeParse({ bcc: "x" }).success).toBe(false);
  // The model sees it in the form that every provider takes.
  expect(tool?.parameters).toEqual({
    type: "object",
    properties: { text: { type: "string", description: '(default: "x")' }, when: { type: "string" } },
    description: '(not: {"required":["bcc"]})',
  });
});
