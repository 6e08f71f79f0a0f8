import fc from "fast-check";
import { expect, test } from "vitest";
import { exactJson, isKeptNumber } from "../../tools/exact-json.ts";

test.each([
  ["2512292042121000001", "2512292042121000001"],
  ["-9007199254740993", "-9007199254740993"],
  ["1e400", "1e400"],
  ["1e-400", "1e-400"],
  ["0.12345678901234567890", "0.12345678901234567890"],
  ["9007199254740993.0", "9007199254740993.0"],
  ["9007199254740992", 9007199254740992],
  ["0.1", 0.1],
  ["1.0", 1],
  ["1e2", 100],
  ["-0", -0],
  ["37.774929999999998", 37.774929999999998],
  ["100000000000000000000", 1e20],
  ["123456789012345e30", 123456789012345e30],
])("%s", (text, value) => {
  expect(exactJson(text)).toBe(value);
  expect(exactJson(`{"a":[${text}],"b":"${text}"}`)).toEqual({ a: [value], b: text });
  expect(isKeptNumber(text)).toBe(typeof value === "string");
});

test.each(["007", "00123456789012345678", "+1", "1.", "abc", "", "0x1234567890abcdef1"])(
  "%j is no number",
  (text) => {
    expect(isKeptNumber(text)).toBe(false);
  },
);

test("reads what JSON.stringify writes as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(exactJson(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 1_000 },
  );
});

/** A whole number as JavaScript writes it: 1.5e+21. */
function wholeOf(text: string): bigint {
  const [digits = "", exponent = "0"] = text.split("e");
  const [before = "", behind = ""] = digits.split(".");
  return BigInt(`${before}${behind.padEnd(Number(exponent), "0")}`);
}

test("never another number: a whole number comes as itself, whatever its length", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (whole) => {
      const read = exactJson(`${whole}`);
      if (typeof read !== "number" && typeof read !== "string") throw new Error("neither");
      expect(wholeOf(String(read))).toBe(whole);
    }),
    { numRuns: 2_000 },
  );
});

test("reads a megabyte of digits in linear time", () => {
  const digits = "9".repeat(1_000_000);
  expect(exactJson(digits)).toBe(digits);
  expect(exactJson(`[${"0.12345678901234567890,".repeat(20_000)}1]`)).toHaveLength(20_001);
});
