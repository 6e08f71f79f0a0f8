import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { acceptable } from "../../../graphs/model/acceptable.ts";
import { planReply } from "../../helpers/openai-stub.ts";
import { harness, outline, testTools } from "../harness.ts";
import { delta, lines } from "./stubbed.ts";

const call = (name: string) => ({ index: 0, id: "c", function: { name, arguments: '{"text":"x"}' } });

// "no te" would become no_te, "note " note_: only a name that becomes another tool's would run it.
test.each(["echo ", "ec ho", "echo\u0000", "ec.ho", "에코", "x".repeat(80), "<|channel|>echo"])(
  "a call of %j runs nothing, also where the name that is kept is a tool's",
  async (name) => {
    const tool = testTools({ notes: [], echoes: [] })[1]!;
    const ran: unknown[] = [];
    const { run, stub } = await harness(
      [
        planReply({ title: "x" }),
        { reply: lines(delta({ tool_calls: [call(name)] }, "tool_calls")) },
        { reply: { text: "ok" } },
      ],
      {
        // Every name that such a name could be made into.
        tools: ["echo_", "ec_ho", "__", "x".repeat(64), "__channel__echo"].map((usable) => ({
          ...tool,
          name: usable,
          // What runs at all if it is called.
          schema: z.object({}),
          execute: async (args) => void ran.push(args),
        })),
      },
    );
    const events = await run("call it");
    expect(outline(events).filter((line) => line.endsWith("completed") && !line.startsWith("step"))).toEqual(
      [],
    );
    expect(ran).toEqual([]);
    expect(stub.requests.at(-1)?.messages.at(-1)?.content).toMatch(/ERROR/);
    stub.verify();
  },
);

test("a saved history of any kind becomes one that every provider takes", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", " ", "\ud800", "a\udfff"));
  const blocks = fc.array(fc.record({ type: fc.constant("text"), text }), { maxLength: 3 });
  const content = fc.oneof(text, blocks);
  const asked = fc.record({
    id: fc.oneof(fc.constantFrom("", "a", "b"), text),
    name: text,
    args: fc.dictionary(text, text),
  });
  const turn = fc
    .tuple(content, fc.array(asked, { maxLength: 3 }))
    .map(([said, calls]) => [
      new AIMessage({ content: said, tool_calls: calls, additional_kwargs: { tool_calls: [], x: said } }),
      ...calls.map(({ id }) => new ToolMessage({ content: said, tool_call_id: id })),
    ]);
  const history = fc.array(
    fc.oneof(
      turn,
      content.map((said) => [new HumanMessage({ content: said })]),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(history, (drawn) => {
      const messages = acceptable(drawn.flat());
      const open: string[] = [];
      const used = new Set<string>();
      for (const message of messages) {
        expect(JSON.stringify(message.content)).not.toMatch(/\\ud[89a-f]/);
        const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
        if (calls.length === 0) expect(message.text.trim()).not.toBe("");
        if (ToolMessage.isInstance(message)) expect(message.tool_call_id).toBe(open.shift());
        else expect(open).toEqual([]);
        for (const { id = "", name, args } of calls) {
          expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
          expect(id).not.toBe("");
          expect(used.has(id)).toBe(false);
          expect(JSON.stringify(args)).not.toMatch(/[^\\]\\ud[89a-f]/);
          used.add(id);
          open.push(id);
        }
      }
    }),
  );
});
