import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { showCall } from "../../graphs/aura/show-call.ts";
import { cutTextIn } from "../../src/approvals/cut-text.ts";
import type { AuraTool } from "../../tools/tool.ts";

const tool: AuraTool = {
  name: "send_email",
  description: "",
  schema: z.object({}),
  approval: "always",
  identifying: ["to"],
  approvalMessage: () => "Send?",
  execute: async () => null,
};
const shownOf = (args: Record<string, unknown>) => {
  const shown = showCall({ tool, args, toolCallId: "call-1", language: "en" })?.shown;
  if (shown === undefined) throw new Error("it was shown whole");
  return shown;
};

describe("an edit of a text of which only a part was shown", () => {
  test("keeps the cut, whatever stands before it: it is found", () => {
    for (let shift = 0; shift < 80; shift += 1) {
      const context = { to: "kim@dwp.com", body: `${"x".repeat(shift)}${'회의 😀😀😀 "\\ '.repeat(3_000)}` };
      const shown = shownOf(context);
      const args = { ...shown.context, to: "lee@dwp.com" };
      expect(cutTextIn({ shown, context }, args)).toBe("body");
      const edited = { ...args, body: `Hello! ${String(shown.context.body).slice(40)} Bye` };
      expect(cutTextIn({ shown, context }, edited)).toBe("body");
    }
  });

  test("keeps it deep inside, moved to another place: it is found", () => {
    const context = { to: "kim@dwp.com", parts: [{ "a/b~": "나".repeat(30_000) }, "다".repeat(30_000)] };
    const shown = shownOf(context);
    const parts = shown.context.parts as [Record<string, string>, string];
    expect(cutTextIn({ shown, context }, { ...shown.context, parts: [parts[1]] })).toBe("parts/1");
    expect(cutTextIn({ shown, context }, { ...context, parts: [parts[0]] })).toBe("parts/0/a~1b~0");
  });

  test("has the whole, or other words: it is taken", () => {
    const context = { to: "kim@dwp.com", body: `${"가나다라 ".repeat(6_000)}끝` };
    const shown = shownOf(context);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.nat(30_000), (text, at) => {
        const changed = `${context.body.slice(0, at)}${text}${context.body.slice(at)}`;
        expect(cutTextIn({ shown, context }, { ...context, body: changed })).toBeUndefined();
        expect(cutTextIn({ shown, context }, { ...context, body: text })).toBeUndefined();
      }),
    );
    expect(cutTextIn({ context }, { ...shown.context })).toBeUndefined();
  });

  test("a text that has the mark itself where it was cut proves nothing", () => {
    const context = { to: "kim@dwp.com", body: "…".repeat(30_000) };
    const shown = shownOf(context);
    expect(cutTextIn({ shown, context }, { ...context })).toBeUndefined();
  });
});
