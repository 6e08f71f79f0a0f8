import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelInput } from "../../../graphs/model/history.ts";
import { countTokens } from "../../../graphs/model/tokens.ts";

const user = (text: string) => new HumanMessage(text);
const ai = (text: string, ...ids: string[]) =>
  new AIMessage({ content: text, tool_calls: ids.map((id) => ({ id, name: "echo", args: {} })) });
const tool = (id: string, text = "done") => new ToolMessage({ tool_call_id: id, content: text });

/** `user:hi`, `ai[a,b]:text`, `tool(a):done` */
function outline(messages: readonly BaseMessage[]): string[] {
  return messages.slice(1).map((message) => {
    if (ToolMessage.isInstance(message)) return `tool(${message.tool_call_id}):${message.text}`;
    const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []).map(({ id }) => id) : [];
    const name = HumanMessage.isInstance(message) ? "user" : "ai";
    return `${name}${calls.length > 0 ? `[${calls.join()}]` : ""}:${message.text.slice(0, 10)}`;
  });
}

describe("repairing a history", () => {
  const input = (...messages: BaseMessage[]) => outline(modelInput("system", messages, 100_000));

  it("leaves a sound one alone", () => {
    expect(input(user("a"), ai("", "1", "2"), tool("1"), tool("2"), ai("b"), user("c"))).toEqual([
      "user:a",
      "ai[1,2]:",
      "tool(1):done",
      "tool(2):done",
      "ai:b",
      "user:c",
    ]);
  });

  it("answers a prompt that a failed run left unanswered, but not the last one", () => {
    expect(input(user("a"), user("b"), ai("c"), user("d"))).toEqual([
      "user:a",
      "ai:(This requ",
      "user:b",
      "ai:c",
      "user:d",
    ]);
  });

  it("answers calls that were left open, in the order of the calls", () => {
    const [, call, one, two, , next] = input(
      user("a"),
      ai("", "1", "2", "3"),
      tool("3"),
      tool("1"),
      user("c"),
    );
    expect([call, one, two?.slice(0, 14), next]).toEqual([
      "ai[1,2,3]:",
      "tool(1):done",
      "tool(2):ERROR:",
      "user:c",
    ]);
  });

  it("drops answers to nothing, and second answers", () => {
    expect(input(tool("0"), user("a"), ai("", "1"), tool("1"), tool("1", "again"), tool("9"))).toEqual([
      "user:a",
      "ai[1]:",
      "tool(1):done",
    ]);
  });

  it("gives each of two calls with one id its own answer", () => {
    expect(input(user("a"), ai("", "1"), tool("1", "x"), user("b"), ai("", "1"), tool("1", "y"))).toEqual([
      "user:a",
      "ai[1]:",
      "tool(1):x",
      "user:b",
      "ai[call_4_0_again]:",
      "tool(call_4_0_again):y",
    ]);
  });
});

it("repairs a history of 60,000 messages whose calls all have one id", () => {
  const turns = Array.from({ length: 20_000 }, (_, at) => [
    user(`q${at}`),
    ai("", "call_0"),
    tool("call_0", `${at}`),
  ]);
  const lost = Array.from({ length: 20_000 }, (_, at) => ai("", `lost${at}`));
  // The square of this would be minutes.
  const kept = modelInput("system", [...turns.flat(), ...lost, user("last")], 1e9);
  expect(kept).toHaveLength(1 + 60_000 + 40_000 + 1);
});

it("makes a valid history of any: each call is followed by one answer, which stood behind it and is used once", () => {
  const id = fc.constantFrom("1", "2", "3", "");
  const message = fc.oneof(
    fc.constant(user("u")),
    fc.array(id, { maxLength: 3 }).map((ids) => ai("a", ...ids)),
    id.map((each) => tool(each)),
  );
  // Messages of their own each time: what is used once must not be confused with another that is equal.
  const history = fc.array(
    message.map((each) => each),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(history, (drawn) => {
      const messages: BaseMessage[] = drawn.map((each) => {
        if (ToolMessage.isInstance(each)) return tool(each.tool_call_id);
        if (AIMessage.isInstance(each))
          return ai("a", ...(each.tool_calls ?? []).map(({ id: own = "" }) => own));
        return user("u");
      });
      const input = modelInput("system", messages, 100_000).slice(1);
      const used = new Set<BaseMessage>();
      for (let at = 0; at < input.length; at += 1) {
        const each = input[at];
        expect(ToolMessage.isInstance(each)).toBe(false);
        const ids = AIMessage.isInstance(each) ? (each.tool_calls ?? []).map(({ id: own }) => own) : [];
        for (const own of ids) {
          at += 1;
          const answer = input[at];
          if (!ToolMessage.isInstance(answer)) throw new Error("a call without an answer");
          expect(answer.tool_call_id).toBe(own);
          expect(used.has(answer)).toBe(false);
          used.add(answer);
          const position = messages.indexOf(answer);
          if (position >= 0) expect(position).toBeGreaterThan(messages.indexOf(each as BaseMessage));
        }
      }
    }),
  );
});

describe("trimming a history", () => {
  const long = "x".repeat(300);

  it("keeps the newest messages that fit and begins with a user's", () => {
    const messages = Array.from({ length: 40 }, (_, at) => [
      user(`q${at} ${long}`),
      ai(`a${at} ${long}`),
    ]).flat();
    const kept = modelInput("system", [...messages, user("last")], 1_600);
    expect(countTokens(kept)).toBeLessThanOrEqual(1_600);
    expect(kept.length).toBeGreaterThan(4);
    expect(outline(kept)[0]).toMatch(/^user:q/);
    expect(outline(kept).at(-1)).toBe("user:last");
  });

  it.each([500, 700, 900, 1_100, 1_300, 1_500, 2_000, 3_000])(
    "never splits calls from their results (%i tokens)",
    (window) => {
      const turns = Array.from({ length: 12 }, (_, at) => [
        user(`q${at} ${long}`),
        ai("", `a${at}`, `b${at}`),
        tool(`a${at}`, long),
        tool(`b${at}`, long),
        ai(`r${at} ${long}`),
      ]);
      const kept = modelInput("system", [...turns.flat(), user("last")], window);
      const calls = kept
        .flatMap((each) => (AIMessage.isInstance(each) ? (each.tool_calls ?? []) : []))
        .map(({ id }) => id);
      const answers = kept.flatMap((each) => (ToolMessage.isInstance(each) ? [each.tool_call_id] : []));
      expect(answers).toEqual(calls);
      expect(outline(kept)[0]).toMatch(/^user:/);
      expect(outline(kept).at(-1)).toBe("user:last");
    },
  );

  it("keeps the prompt and the newest work when one run alone is too long", () => {
    const work = Array.from({ length: 20 }, (_, at) => [ai("", `c${at}`), tool(`c${at}`, long)]).flat();
    const kept = outline(modelInput("system", [user("old"), ai("old"), user("the prompt"), ...work], 900));
    expect(kept[0]).toBe("user:the prompt");
    expect(kept.at(-1)).toMatch(/^tool\(c19\)/);
    expect(kept.length).toBeLessThan(20);
    const tiny = outline(modelInput("system", [user(long.repeat(9)), ...work], 100));
    expect(tiny.map((line) => line.slice(0, 8))).toEqual(["user:xxx", "ai[c19]:", "tool(c19"]);
  });

  it("counts Korean as heavier than English", () => {
    expect(countTokens([user("가".repeat(300))])).toBeGreaterThan(countTokens([user("a".repeat(300))]) * 2);
  });
});
