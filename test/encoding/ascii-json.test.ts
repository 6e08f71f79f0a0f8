import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiJson, asciiJsonBytes } from "../../encoding/ascii-json.ts";

test.each([
  ["가", '"\\uac00"'],
  ["é", '"\\u00e9"'],
  ["😀", '"\\ud83d\\ude00"'],
  ["\u2028\u007f\u0000", '"\\u2028\u007f\\u0000"'],
  [{ 제목: ["인사"] }, '{"\\uc81c\\ubaa9":["\\uc778\\uc0ac"]}'],
  ["\\u", '"\\\\u"'],
  // A half of a pair is no character; JSON.stringify escapes it already.
  ["\ud83d", '"\\ud83d"'],
])("%j is ASCII", (value, json) => {
  expect(asciiJson(value)).toBe(json);
});

test("any JSON is ASCII, means the same, and has the length that is said", () => {
  const text = fc.string({ unit: "binary", maxLength: 30 });
  const value = fc.oneof(text, fc.dictionary(text, fc.jsonValue({ stringUnit: "binary" })));
  fc.assert(
    fc.property(value, (each) => {
      const json = asciiJson(each);
      expect([...json].every((char) => char <= "\u007f")).toBe(true);
      expect(JSON.stringify(JSON.parse(json))).toBe(JSON.stringify(each));
      expect(asciiJsonBytes(each)).toBe(Buffer.byteLength(json));
    }),
  );
});

test("bytes that are cut anywhere and decoded piece by piece arrive as they were", () => {
  const bytes = Buffer.from(asciiJson({ content: "안녕하세요 😀 é" }));
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const text = bytes.subarray(0, cut).toString("utf8") + bytes.subarray(cut).toString("utf8");
    expect(JSON.parse(text)).toEqual({ content: "안녕하세요 😀 é" });
  }
});
