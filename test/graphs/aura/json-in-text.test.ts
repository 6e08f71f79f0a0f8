import fc from "fast-check";
import { expect, it } from "vitest";
import { findJson } from "../../../graphs/aura/json-in-text.ts";

const FENCE = "```";

it.each<[string, unknown]>([
  ['{"a":1}', { a: 1 }],
  ["[1]", [1]],
  ['Here it is: {"a":1} - good luck.', { a: 1 }],
  [`${FENCE}json\n{"a":1}\n${FENCE}`, { a: 1 }],
  [`${FENCE}JSON {"a":1}${FENCE} and ${FENCE}{"b":2}${FENCE}`, { a: 1 }],
  [`${FENCE}\n[2]\n${FENCE}`, [2]],
  [`${FENCE}json\n{"a":1}`, { a: 1 }],
  ['<think>{"no":1}</think>{"a":1}', { a: 1 }],
  ['<think>a</think><think>{"no":1}\n</think>\n{"a":1}', { a: 1 }],
  ['</think>{"a":1}<think>', { a: 1 }],
])("finds the JSON in %s", (text, value) => {
  expect(findJson(text)).toEqual(value);
});

it.each(["", "no", "}{", "{", "[1", "<think>{}</think>", `${FENCE}${FENCE}{}`])(
  "finds none in %j",
  (text) => {
    expect(() => findJson(text)).toThrow();
  },
);

// With work that grows as the square of the text, each of these takes minutes.
it.each<[string, string]>([
  ["thoughts that are never closed", "<think>"],
  ["closed ones", "<think></think>"],
  ["fences", "`"],
  ["fences with spaces", "```json   "],
  ["brackets", "{["],
  ["spaces", " "],
])("reads 4 MB of %s", (_, piece) => {
  const text = piece.repeat(4_000_000 / piece.length);
  expect(() => findJson(text)).toThrow();
});

it("finds every JSON value that has words around it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const json = JSON.stringify(value);
      // What has marks of its own in its texts is not what this is about.
      fc.pre(!json.includes("`") && !json.includes("<think>"));
      expect(findJson(`Sure: ${json}!`)).toEqual(JSON.parse(json));
      expect(findJson(`<think>${json}</think>${FENCE}json\n${json}\n${FENCE}`)).toEqual(JSON.parse(json));
    }),
  );
});
