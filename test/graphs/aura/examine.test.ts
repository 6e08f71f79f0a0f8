import { describe, expect, test } from "vitest";
import { z } from "zod";
import { examineCall } from "../../../graphs/aura/examine.ts";
import { callDigest } from "../../../tools/digest.ts";
import { createToolRegistry, defaultTools } from "../../../tools/registry.ts";
import type { AuraTool } from "../../../tools/tool.ts";

const act: AuraTool = {
  name: "act",
  description: "",
  schema: z.strictObject({ list: z.array(z.string()), note: z.string().optional() }),
  approval: "never",
  approvalMessage: () => "Do it?",
  execute: async () => null,
};
const registry = createToolRegistry([
  act,
  ...defaultTools({ mail: { smtpUrl: undefined, from: "aura@dwp.local" } }),
]);
const examine = (tool: string, args: unknown, language: "ko" | "en" = "en") =>
  examineCall({ tool, args, toolCallId: "c", language }, { registry });
const mail = { to: "Kim <kim@example.com>", subject: "Hi", body: "hello" };

describe("changed arguments are looked at as a model's are", () => {
  test("read, with their digest and the question", () => {
    const args = { ...mail, to: "kim@example.com" };
    expect(examine("send_email", mail)).toEqual({
      ok: true,
      args,
      digest: callDigest("send_email", args),
      message: expect.stringContaining("kim@example.com"),
    });
  });

  test("a null where nothing is meant is left out, as a model's", () => {
    expect(examine("act", { list: [], note: null })).toMatchObject({ ok: true, args: { list: [] } });
  });

  test("an event shows a long text in part", () => {
    expect(examine("send_email", { ...mail, body: "x".repeat(50_000) })).toMatchObject({
      ok: true,
      args: { body: "x".repeat(50_000) },
      shown: { notShown: { body: expect.any(Number) } },
    });
  });

  test.each([
    ["another tool's name", "send_fax", mail, /There is no tool named send_fax/, /없는 도구/],
    ["an address that is none", "send_email", { ...mail, to: "Kim" }, /not valid.*to/s, /올바르지 않습니다/],
    ["an argument too many", "send_email", { ...mail, bcc: "x@example.com" }, /bcc/, /bcc/],
    ["no object", "act", "all", /not valid/, /올바르지/],
    ["a list", "act", [], /not valid/, /올바르지/],
    ["null", "act", null, /not valid/, /올바르지/],
    ["more than can be shown", "act", { list: ["x".repeat(20_000)] }, /too large to be shown/, /너무 커서/],
    ["what nests too deep", "act", deep(20_000), /too large to be shown/, /너무 커서/],
  ])("refused with the reason: %s", (_, tool, args, en, ko) => {
    for (const [language, said] of [["en", en] as const, ["ko", ko] as const]) {
      const found = examine(tool, args, language);
      expect(found).toEqual({ ok: false, problem: expect.stringMatching(said) });
    }
  });
});

function deep(levels: number): unknown {
  let value: unknown = {};
  for (let level = 0; level < levels; level += 1) value = { list: value };
  return value;
}
