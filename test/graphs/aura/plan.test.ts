import { describe, expect, it } from "vitest";
import { parsePlan } from "../../../graphs/aura/parse-plan.ts";
import { createToolRegistry, defaultTools } from "../../../tools/registry.ts";
import type { StubReply } from "../../helpers/openai-stub.ts";
import { harness, outline, textOf } from "../harness.ts";

const registry = createToolRegistry(defaultTools({ mail: { smtpUrl: undefined, from: "a@b.c" } }));
const good = '{"steps":[{"title":"Send","description":"Sends it.","confidence":0.8,"tool":"send_email"}]}';
const expected = [
  {
    id: "step-1",
    title: "Send",
    description: "Sends it.",
    confidence: 0.8,
    tool: "send_email",
    status: "pending",
  },
];

describe("parsePlan", () => {
  it.each([
    ["plain JSON", good],
    ["fenced JSON", `Here you are:\n\`\`\`json\n${good}\n\`\`\`\nGood luck!`],
    ["an unnamed fence", `\`\`\`\n${good}\n\`\`\``],
    ["words around it", `Sure! ${good} Shall I go on?`],
    ["thoughts before it", `<think>Maybe {"steps": []}?</think>${good}`],
    ["a bare list", good.slice(good.indexOf("["), -1)],
  ])("reads %s", (_name, text) => {
    expect(parsePlan(text, registry)).toEqual(expected);
  });

  it("makes ids unique, drops unknown tools and unusable steps, and keeps to the limits", () => {
    const steps = parsePlan(
      JSON.stringify({
        steps: [
          { id: "x", title: "A", confidence: "0.7", tool: "rm_rf" },
          { id: "x", title: "B".repeat(500), description: "d".repeat(900), confidence: 7 },
          { id: "x", description: "no title" },
          "nonsense",
          { title: "C", confidence: null, tool: null, description: 5 },
        ],
      }),
      registry,
    );
    expect(steps.map(({ id }) => id)).toEqual(["step-1", "step-2", "step-3"]);
    expect(steps[0]).toEqual({
      id: "step-1",
      title: "A",
      description: "",
      confidence: 0.7,
      status: "pending",
    });
    expect(steps[1]?.title).toHaveLength(120);
    expect(steps[1]?.description).toHaveLength(500);
    expect(steps[1]?.confidence).toBe(0.5);
    expect(steps[2]).toMatchObject({ title: "C", description: "" });
    const many = JSON.stringify({ steps: Array.from({ length: 99 }, () => ({ title: "A" })) });
    expect(parsePlan(many, registry)).toHaveLength(10);
  });

  it.each([
    "",
    "I cannot plan.",
    "{",
    '{"steps":[]}',
    '{"steps":"none"}',
    '{"steps":[{"title":""}]}',
    "[1,2]",
    "}{",
  ])("refuses %j", (text) => {
    expect(() => parsePlan(text, registry)).toThrow();
  });
});

describe("a plan that fails", () => {
  it.each<[string, StubReply]>([
    ["nonsense", { text: "I am a teapot" }],
    ["an empty answer", { text: "" }],
    ["an error", { status: 400, error: "no" }],
    ["a broken stream", { cut: "drop", text: ['{"steps":'] }],
    ["a stream that ends early", { cut: "end", text: [good] }],
  ])("becomes one generic step: %s", async (_name, reply) => {
    const { run, stub, reports } = await harness([{ reply }, { reply: { text: "Hello" } }]);
    const events = await run("hi", { language: "ko" });
    expect(events).toContainEqual({
      type: "plan_step",
      step: {
        id: "step-1",
        title: "요청 처리",
        description: expect.any(String),
        status: "pending",
        confidence: 0.5,
      },
    });
    expect(textOf(events)).toBe("Hello");
    expect(outline(events).at(-1)).toBe("step-1 completed");
    expect(reports).toMatchObject([{ where: "plan" }]);
    stub.verify();
  });
});
