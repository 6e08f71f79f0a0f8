import fc from "fast-check";
import { HOSTILE } from "./hostile-json.ts";

/** Keys that some reader takes for more than a key, and ordinary ones. */
const KEYS = [
  ...["__proto__", "constructor", "prototype", "toJSON", "then", "length", "hasOwnProperty", "", "$", "$$"],
  ...["lc", "kwargs", "id", "type", "name", "args", "content", "messages", "$message", "data", "status", "a"],
];

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    "\ud800",
    "x\udfff",
    "\u202e",
    "\0",
    "</tool_data>",
    "[DONE]",
    "\n\nevent: hitl\n",
    "%",
  ),
  fc.tuple(fc.constantFrom("x", "가", '"', "\\"), fc.nat(40_000)).map(([unit, count]) => unit.repeat(count)),
);

/**
 * Values as strangers may send them: any JSON, and in any place of it what somebody could take for an object
 * of theirs.
 */
export const strangeValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false, 0, -1, 2 ** 53, 1e308),
      fc.constantFrom(...Object.values(HOSTILE)),
    ),
    fc.array(tie("value"), { maxLength: 5 }),
    strangeObject(tie("value")),
    fc.nat(99).map((depth) => nested(depth)),
  ),
})).value;

/** An object with such keys; `__proto__` is a key of its own, as JSON.parse makes it. */
export function strangeObject(value: fc.Arbitrary<unknown> = strangeValue): fc.Arbitrary<object> {
  const key = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 5 }));
  return fc.array(fc.tuple(key, value), { maxLength: 5 }).map((entries) => Object.fromEntries(entries));
}

/**
 * Text in place of JSON: whole, broken anywhere, with a number that no JavaScript has, nested without sense,
 * or none at all.
 */
export function strangeText(value: fc.Arbitrary<unknown> = strangeValue): fc.Arbitrary<string> {
  const json = value.map((each) => JSON.stringify(each));
  return fc.oneof(
    { weight: 3, arbitrary: json },
    fc.tuple(json, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1))),
    json.map((whole) => whole.replaceAll(/\d+/g, "1e999")),
    fc.tuple(fc.constantFrom("[", '{"data":', '{"a":['), fc.nat(20_000)).map(([open, n]) => open.repeat(n)),
    fc.constantFrom("", "null", "NaN", "\ufeff{}", "<html>", "data: {}\n\n", "\0"),
    text,
  );
}

/** The same value with something strange in one place of it, wherever that is. */
export function spoilt(whole: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(whole, strangeValue, fc.nat()).map(([value, strange, at]) => {
    const count = placesIn(value);
    return replaceAt(value, at % count, strange).value;
  });
}

function placesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, each) => sum + placesIn(each), 1);
}

function replaceAt(value: unknown, place: number, by: unknown): { value: unknown; left: number } {
  if (place === 0) return { value: by, left: -1 };
  if (typeof value !== "object" || value === null) return { value, left: place - 1 };
  let left = place - 1;
  const replaced = Object.entries(value).map(([key, each]): [string, unknown] => {
    if (left < 0) return [key, each];
    const inner = replaceAt(each, left, by);
    left = inner.left;
    return [key, inner.value];
  });
  return {
    value: Array.isArray(value) ? replaced.map(([, each]) => each) : Object.fromEntries(replaced),
    left,
  };
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
