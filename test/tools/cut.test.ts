import fc from "fast-check";
import { expect, test } from "vitest";
import { cut, cutWithDots, wellFormed } from "../../tools/cut.ts";

const anyText = fc.string({ unit: "binary" });

test("what is cut off a well-formed text leaves one, as long as it may be", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 12 }), (text, length) => {
      for (const shorter of [cut(text, length), cutWithDots(text, length)]) {
        expect(shorter.isWellFormed()).toBe(true);
        expect(shorter.length).toBeLessThanOrEqual(Math.max(length, 1));
      }
      expect(text.startsWith(cut(text, length))).toBe(true);
    }),
  );
  expect(cut("a😀b", 2)).toBe("a");
  expect(cutWithDots("ab😀c", 4)).toBe("ab…");
});

test("a value becomes well-formed at every place, and stays the same where it was", () => {
  const text = fc.oneof(anyText, fc.constantFrom("\ud800", "a\udc00b", "\\ud800", "😀"));
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      text,
      fc.integer(),
      fc.constant(null),
      fc.array(tie("value")),
      fc.dictionary(text, tie("value")),
    ),
  })).value;
  fc.assert(
    fc.property(value, (drawn) => {
      const formed = wellFormed(drawn);
      const halves = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
      expect(JSON.stringify(formed) ?? "").not.toMatch(halves);
      if (!halves.test(JSON.stringify(drawn) ?? "")) expect(formed).toEqual(drawn);
    }),
  );
});
