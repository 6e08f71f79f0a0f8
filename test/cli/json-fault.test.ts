import fc from "fast-check";
import { expect, test } from "vitest";
import { readArguments } from "../../cli/edit.ts";
import { findJsonFault } from "../../cli/json-fault.ts";
import { openJson } from "../../cli/text.ts";

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test("the place of a fault is where a person would look for it", () => {
  const faults: [text: string, line: number, column: number, rest: string][] = [
    ['{\n  "to": "a",\n}', 3, 1, "}"],
    ['{"a": 1 "b": 2}', 1, 9, '"b": 2}'],
    ["{'a': 1}", 1, 2, "'a': 1}"],
    ['{"한글": "값" x}', 1, 12, "x}"],
    ['{"a": "one\ntwo"}', 1, 7, '"one'],
    ['{"a": [1, 2}', 1, 12, "}"],
    ['{"a": 01}', 1, 8, "1}"],
    ['{"a": 1}\r\n}', 2, 1, "}"],
    ['{"a": "\\x"}', 1, 7, '"\\x"}'],
    ['{\n  "a": 1\n', 3, 1, ""],
    ["", 1, 1, ""],
    ['{"a": 1e999}', 1, 7, "1e999}"],
    ['{"a": NaN}', 1, 7, "NaN}"],
  ];
  for (const [text, line, column, rest] of faults) {
    expect(findJsonFault(text), text).toEqual({ line, column, rest });
  }
});

test("a text has a fault exactly when JSON.parse does not take it", () => {
  const pieces = fc.constantFrom(
    ..."{}[]:,\"'\\ \n\r\t\f-+.0123eEtrufalsn\u0000\u2028한",
    '"a"',
    "true",
    "null",
    "1.5e3",
  );
  const nearly = fc.tuple(fc.json(), fc.nat(), pieces, fc.nat(2)).map(([json, at, piece, drop]) => {
    const place = at % (json.length + 1);
    return json.slice(0, place) + piece + json.slice(place + drop);
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        nearly,
        fc.array(pieces).map((each) => each.join("")),
      ),
      (text) => {
        fc.pre(!/\d{3,}|[eE]\+?\d{2}/.test(text));
        expect(findJsonFault(text) === null).toBe(isJson(text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("what would end the process, or be sent as something else, is a fault", () => {
  expect(findJsonFault("[".repeat(100_000))).toMatchObject({ line: 1, column: 501 });
  expect(findJsonFault(`{"a":${"[".repeat(600)}${"]".repeat(600)}}`)).not.toBeNull();
  expect(findJsonFault(`{"a":${JSON.stringify("x\\\u0000".repeat(1_000_000))}}`)).toBeNull();
});

test("arguments come out of the text that is edited as they went in, and nothing in it is hidden", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "a\u200bb",
      "\u202e",
      "👨‍👩‍👧",
      "\u001b[2J",
      "\u009b",
      "\ud800",
      "e\u0301",
      "\u{e0041}",
      "\u00ad",
    ),
  );
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.jsonValue())), (args) => {
      const shown = openJson(args);
      expect(shown.replaceAll("\n", "")).not.toMatch(
        /[\p{Cc}\p{Bidi_Control}\u200b\u00ad\u{e0000}-\u{e007f}]/u,
      );
      expect(JSON.stringify(readArguments(shown, "en"))).toBe(JSON.stringify({ args }));
    }),
  );
});

test("only an object is a call's arguments; what is said of a text is one harmless line", () => {
  for (const text of ["[]", "null", '"a"', "1"]) {
    expect(readArguments(text, "en")).toEqual({
      problem: "it must be a JSON object with all of the arguments",
    });
  }
  expect(readArguments('{"a" \u001b[2J\u202e}', "ko")).toEqual({
    problem: "1행 6열부터 JSON으로 읽을 수 없습니다: ␛[2J<U+202E>}",
  });
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("ko" as const, "en" as const),
      (text, language) => {
        const read = readArguments(text, language);
        if ("problem" in read) expect(read.problem).not.toMatch(/[\p{Cc}\p{Bidi_Control}\ud800-\udfff]/u);
      },
    ),
  );
});
