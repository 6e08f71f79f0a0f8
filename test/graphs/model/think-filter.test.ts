import fc from "fast-check";
import { expect, test } from "vitest";
import { thinkFilter } from "../../../graphs/model/think-filter.ts";

function filtered(pieces: readonly string[]) {
  let [text, thought] = ["", ""];
  const filter = thinkFilter({ onText: (each) => (text += each), onThought: (each) => (thought += each) });
  for (const piece of pieces) filter.add(piece);
  filter.end();
  return { text, thought };
}

const CASES: [said: string, text: string, thought: string][] = [
  ["<think>a</think>\n\nb", "b", "a"],
  ["\n <THINK>a</Think> b", "b", "a"],
  ["<think>a</think><think>b</think>c", "c", "ab"],
  ["<thinking>a</thinking>b", "b", "a"],
  ["<reasoning>a</reasoning>b <think>c</think>", "b <think>c</think>", "a"],
  ["<think>never closed", "", "never closed"],
  ["<thin", "<thin", ""],
  ["<thinker>a</thinker>", "<thinker>a</thinker>", ""],
  ["  two spaces", "  two spaces", ""],
  ["use <think> tags", "use <think> tags", ""],
  ["<think></think>a", "a", ""],
  ["<think>a < b </thi </think>c", "c", "a < b </thi "],
  ["", "", ""],
];

test.each(CASES)("%j", (said, text, thought) => {
  expect(filtered([said])).toEqual({ text, thought });
  // Cut everywhere.
  expect(filtered([...said])).toEqual({ text, thought });
});

test("where the pieces are cut makes no difference, and nothing but tags and the space around them is lost", () => {
  const bits = fc.constantFrom(
    "<think>",
    "</think>",
    "<thi",
    "</",
    ">",
    "a",
    " ",
    "\n",
    "<",
    "nk>",
    "<thinking>",
  );
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 12 }), (pieces) => {
      const said = pieces.join("");
      const once = filtered([said]);
      expect(filtered(pieces)).toEqual(once);
      expect(filtered([...said])).toEqual(once);
      const letters = (text: string) => text.replaceAll(/[^a]/g, "").length;
      expect(letters(once.text) + letters(once.thought)).toBe(letters(said));
    }),
    { numRuns: 1_000 },
  );
});
