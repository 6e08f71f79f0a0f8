import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { harmlessLine, widthOf, wrap } from "../../cli/text.ts";

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(" ", "  ", "가나다", "abc", "👨‍👩‍👧‍👦", "é", "e\u0301", "\n", "한국어텍스트"),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
  )
  .map((parts) => parts.join(""));
const columns = fc.integer({ min: 2, max: 12 });

describe("rows of a text", () => {
  test("fit, and lose nothing but the spaces at which they are broken", () => {
    fc.assert(
      fc.property(text, columns, (given, most) => {
        for (const line of given.split("\n")) {
          const rows = wrap(line, most);
          for (const row of rows) expect(widthOf(row)).toBeLessThanOrEqual(most);
          expect(rows.join("").replaceAll(" ", "")).toBe(line.replaceAll(" ", ""));
        }
      }),
    );
  });

  test("are the same when the text arrives in pieces", () => {
    // Pieces of a stream end where a character does; a grapheme of several may still be cut.
    const pieces = fc.array(fc.constantFrom(" ", "가나다", "abc", "long words ", "한국어 텍스트", "x"), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(pieces, columns, (parts, most) => {
        const rows: string[] = [];
        let unfinished = "";
        for (const part of parts) {
          const wrapped = wrap(unfinished + part, most);
          unfinished = wrapped.pop() ?? "";
          rows.push(...wrapped);
        }
        expect([...rows, unfinished]).toEqual(wrap(parts.join(""), most));
      }),
    );
  });

  test.each([
    ["가나다 라마바사", 6, ["가나다", "라마바", "사"]],
    ["a bc def", 4, ["a bc", "def"]],
    ["abcdefgh", 3, ["abc", "def", "gh"]],
    ["ab  cd", 3, ["ab ", "cd"]],
    ["", 5, [""]],
    ["a\n\nb", 5, ["a", "", "b"]],
  ])("%j in %i columns", (line, most, rows) => {
    expect(wrap(line, most)).toEqual(rows);
  });
});

test.each([
  ["abc", 3],
  ["한글", 4],
  ["e\u0301", 1],
  ["\u200b\ufe0e", 0],
  ["ﾊ・ハ", 5],
  // A measure of an area, a company's sign, an ellipsis between others: two columns, two, one.
  ["㎡㈜…", 5],
  ["❤", 1],
  ["❤️👍🏽🇰🇷👨‍👩‍👧‍👦1️⃣", 10],
  ["\u001b[1m", 4],
])("%j takes %i columns", (line, columns) => {
  expect(widthOf(line)).toBe(columns);
});

test("a text in one line has one space where its lines ended", () => {
  expect(harmlessLine("a \n\n  b\tc  d\n")).toBe("a b    c  d ");
  expect(harmlessLine("  a  b  ")).toBe("  a  b  ");
});
