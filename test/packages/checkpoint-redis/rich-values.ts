import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";

/** What JSON alone would lose, by channel. */
export const RICH_VALUES: Record<string, unknown> = {
  bytes: new Uint8Array([0, 1, 255]),
  noBytes: new Uint8Array(),
  map: new Map<unknown, unknown>([["a", new Map([[1, new Set([2])]])]]),
  set: new Set([1, "1", null]),
  pattern: /a\/b\n/giu,
  error: new Error("broken"),
  nothing: null,
  nested: { list: [{ bytes: new Uint8Array([7]), none: undefined }], "a:b": { "%00": "\0" } },
  text: "\0 % \u{1F600} ‮",
  empty: "",
  numbers: [0, -1, 1.5, 2 ** 53],
  messages: [
    new HumanMessage({ content: "hello", id: "1" }),
    new AIMessage({
      content: "",
      id: "2",
      tool_calls: [{ id: "call_0", name: "mail", args: { to: ["a"] } }],
    }),
    new ToolMessage({ content: "sent", tool_call_id: "call_0", id: "3" }),
  ],
};
