import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "../../encoding/decode-text.ts";
import { CP949, ENCODINGS, encoded } from "../helpers/encoded.ts";

const text = fc
  .string({ unit: "binary" })
  .filter((each) => !each.includes("\0") && !each.startsWith("\ufeff"));

test("a text in each encoding is itself", () => {
  fc.assert(
    fc.property(text, fc.constantFrom(...ENCODINGS), (each, encoding) => {
      expect(decodeText(encoded(each, encoding))).toBe(each);
    }),
  );
});

test("whatever bytes there are, they are a text without replacements, or none", () => {
  const marks = fc.constantFrom([], [0xff, 0xfe], [0xfe, 0xff], [0xef, 0xbb, 0xbf]);
  fc.assert(
    fc.property(marks, fc.uint8Array({ maxLength: 64 }), (mark, rest) => {
      const bytes = Uint8Array.from([...mark, ...rest]);
      const read = decodeText(bytes);
      if (read === null) return;
      expect(read.isWellFormed()).toBe(true);
      expect(read).not.toContain("\0");
      // Encoded again it is what it was.
      expect(ENCODINGS.some((encoding) => encoded(read, encoding).equals(bytes))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["a code page", CP949],
  ["half of a unit", Buffer.from([0xff, 0xfe, 0x7b])],
  ["half of a pair", encoded("\ud83d", "UTF-16LE with BOM")],
  ["UTF-16 without a mark", Buffer.from("{}", "utf16le")],
  ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0])],
  ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
])("%s is no text", (_, bytes) => {
  expect(decodeText(bytes)).toBeNull();
});
