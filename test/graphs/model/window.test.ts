import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contextRefusal } from "../../../graphs/model/context-refusal.ts";
import { ServerRefusal } from "../../../graphs/model/errors.ts";
import { tokensOf } from "../../../graphs/model/tokens.ts";
import { contextWindow } from "../../../graphs/model/window.ts";

const read = (said: string, status = 400) => contextRefusal(new ServerRefusal(status, said));

describe("a refusal of a request that is too long", () => {
  test.each<[string, string, ReturnType<typeof read>]>([
    [
      "OpenAI",
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 11433 tokens.",
      { limit: 8_192, tokens: 11_433 },
    ],
    [
      "vLLM",
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
      { limit: 4_096, tokens: 5_000 },
    ],
    [
      "llama.cpp",
      '{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}',
      { limit: 4_096, tokens: 5_000 },
    ],
    ["Anthropic", "prompt is too long: 210000 tokens > 200000 maximum", { limit: 200_000, tokens: 210_000 }],
    [
      "Gemini",
      "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
      { limit: 1_048_576, tokens: 1_200_000 },
    ],
    [
      "Mistral",
      "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
      { limit: 32_768, tokens: 40_000 },
    ],
    ["Groq", "Please reduce the length of the messages or completion.", {}],
    ["numbers with commas", "maximum context length is 8,192 tokens", { limit: 8_192 }],
  ])("%s", (_, said, expected) => {
    expect(read(said)).toEqual(expected);
  });

  test.each(["Invalid schema for function 'x'", "", "Unknown field stream_options", "tokens"])(
    "is not %j",
    (said) => {
      expect(read(said)).toBeNull();
    },
  );

  test("is read of any text, in linear time, and names numbers that a window can have", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, number) => {
        const said = read(`context length ${text} ${number} maximum ${text}`);
        for (const each of Object.values(said ?? {})) expect(each).toBeGreaterThanOrEqual(256);
      }),
    );
    expect(read(`context length ${"maximum ".repeat(100_000)}`)).toEqual({});
  });
});

describe("what is learned of a model's window", () => {
  test("a guess is replaced by what the server says, and a refusal without numbers shrinks it", () => {
    const window = contextWindow(16_000, { isKnown: false });
    expect(window.mayFit(1_000_000)).toBe(true);
    window.exceeded(12_000, { limit: 8_000 });
    expect(window.budget()).toBe(6_400);
    expect(window.mayFit(1_000_000)).toBe(false);
    const unsure = contextWindow(16_000, { isKnown: false });
    unsure.exceeded(10_000, {});
    expect(unsure.budget()).toBeLessThan(6_000);
  });

  test("usage corrects the estimate: up at once, down slowly, and never beyond reason", () => {
    const window = contextWindow(10_000, { isKnown: true });
    window.counted(1_000, 2_000);
    expect(window.budget()).toBe(4_000);
    window.counted(1_000, 1_000);
    expect(window.budget()).toBeGreaterThan(4_000);
    expect(window.budget()).toBeLessThan(8_000);
    for (let at = 0; at < 100; at += 1) window.counted(1_000, 1);
    expect(window.budget()).toBeLessThanOrEqual(16_000);
    // A request of a few words says nothing about how text is counted.
    const other = contextWindow(10_000, { isKnown: true });
    other.counted(20, 400);
    expect(other.budget()).toBe(8_000);
  });

  test("Korean is not underrated: cl100k makes 81 tokens of this sentence", () => {
    const korean =
      "안녕하세요. 이번 분기 매출 보고서를 검토해 주시고, 금요일까지 김철수 팀장님께 회신 부탁드립니다. 첨부 파일에 있는 표의 숫자가 지난달과 다릅니다.";
    expect(tokensOf(korean)).toBeGreaterThanOrEqual(81);
    expect(tokensOf("a".repeat(300))).toBeLessThanOrEqual(100);
  });
});
