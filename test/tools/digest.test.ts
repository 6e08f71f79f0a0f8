import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { callDigest } from "../../tools/digest.ts";

const digest = (args: Record<string, unknown>, tool = "send_email") => callDigest(tool, args);

describe("the digest of a call", () => {
  it("is the SHA-256 of a JSON text that another service could write as well", () => {
    const text = '["send_email",{"a":[1,{"x":null,"y":"회의"}],"b":true}]';
    const expected = createHash("sha256").update(text, "utf8").digest("hex");
    expect(digest({ b: true, a: [1, { y: "회의", x: null }] })).toBe(expected);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "the order of keys, at any depth",
      { a: 1, b: { c: [{ d: 1, e: 2 }] } },
      { b: { c: [{ e: 2, d: 1 }] }, a: 1 },
    ],
    ["keys that look like numbers", { 10: 1, 9: 2, b: 3 }, { b: 3, 9: 2, 10: 1 }],
    ["what JSON leaves out", { a: undefined, b: 1 }, { b: 1 }],
    ["zero's sign", { a: -0 }, { a: 0 }],
    ["how a number is written", { a: 1e21, b: 1.0 }, { a: 1_000_000_000_000_000_000_000, b: 1 }],
    [
      "a detour through JSON",
      { a: "\ud800", b: [undefined], "\u2028": "🧾" },
      JSON.parse(JSON.stringify({ a: "\ud800", b: [undefined], "\u2028": "🧾" })),
    ],
    [
      "__proto__ as a key",
      JSON.parse('{"__proto__":{"b":1,"a":2},"c":3}'),
      JSON.parse('{"c":3,"__proto__":{"a":2,"b":1}}'),
    ],
  ])("does not depend on %s", (_, one, two) => {
    expect(digest(one)).toBe(digest(two));
  });

  it("differs with everything that makes another call", () => {
    const digests = [
      digest({}),
      digest({}, "send_emails"),
      digest({ a: 1 }),
      digest({ a: "1" }),
      digest({ a: [1] }),
      digest({ a: null }),
      digest({ a: "" }),
      digest({ a: {} }),
      digest({ a: [] }),
      digest({ a: ["b", "c"] }),
      digest({ a: ["c", "b"] }),
      digest({ a: ["b,c"] }),
      digest({ a: { b: "c" } }),
      digest({ a: '{"b":"c"}' }),
      digest({ 'a":1,"b': 2 }),
      digest({ a: 1, b: 2 }),
      digest(JSON.parse('{"__proto__":1}')),
      // One letter in two notations is two texts: mails are sent as they are written.
      digest({ a: "é" }),
      digest({ a: "e\u0301" }),
      digest({ a: "\ud800" }),
      digest({ a: "\ufffd" }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    for (const each of digests) expect(each).toMatch(/^[0-9a-f]{64}$/);
  });
});
