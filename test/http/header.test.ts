import fc from "fast-check";
import { expect, test } from "vitest";
import { readHeaderValue, writeHeaderValue } from "../../encoding/header-value.ts";
import { headerOf, isNamedBy, soleHeader } from "../../src/http/header.ts";

/** An id of whatever script; HTTP takes blanks around a value away, so none are compared. */
const id = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => text.replaceAll(",", "").trim() !== "" && !/\p{Cc}/u.test(text));
const joint = fc.constantFrom(",", ", ", " , ", ",,");
const spelling = fc.constantFrom<(text: string) => string>(writeHeaderValue, encodeURIComponent);

/** What Node makes of a header's lines. */
const sent = (...lines: string[]) => ({ "x-user-id": lines.join(", ") });

test("a text goes through a header, and a value that was read is not read again", () => {
  fc.assert(
    fc.property(id, (text) => {
      const value = writeHeaderValue(text);
      expect(value).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
      expect(readHeaderValue(value)).toBe(text);
    }),
  );
  expect(readHeaderValue("한국")).toBe("한국");
  expect(readHeaderValue("Jos\xe9")).toBe("José");
  expect(writeHeaderValue("a\r\nX-Evil: 1")).toBe("a%0D%0AX-Evil%3A%201");
  expect(writeHeaderValue("\ud800\n")).toBe("%EF%BF%BD%0A");
});

test("an id is known however it is spelled and however often it was sent", () => {
  fc.assert(
    fc.property(id, spelling, fc.integer({ min: 1, max: 4 }), joint, (text, spell, times, comma) => {
      const value = Array<string>(times).fill(spell(text)).join(comma);
      expect(isNamedBy(sent(value), "x-user-id", text)).toBe(true);
    }),
  );
});

test("no other id passes, alone or beside the right one", () => {
  const pair = fc
    .tuple(id, id)
    .filter(([a, b]) => a.trim() !== b.trim() && !a.includes(",") && !b.includes(","));
  fc.assert(
    fc.property(pair, spelling, ([right, other], spell) => {
      // `%41` is `A`: a text that is a spelling of the other is no other id.
      fc.pre(!right.includes("%") && !other.includes("%"));
      for (const lines of [[other], [right, other], [other, right], [right, right, other]]) {
        expect(isNamedBy(sent(...lines.map(spell)), "x-user-id", right)).toBe(false);
      }
    }),
  );
});

test("whatever bytes come in, a header is read or refused with E4000", () => {
  const line = fc
    .uint8Array({ maxLength: 60 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte > 31 && byte !== 127)).toString("latin1"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const headers = sent(...lines);
      isNamedBy(headers, "x-user-id", "user123");
      const read = headerOf(headers, "x-user-id");
      let sole: string | undefined;
      try {
        sole = soleHeader(headers, "x-user-id");
      } catch (error) {
        expect(error).toMatchObject({ code: "E4000", status: 400 });
        return;
      }
      expect(sole).toBe(read);
      expect(sole ?? "").not.toContain(",");
    }),
  );
});

test("a header is as long as Node lets it be without holding anybody up", () => {
  const long = `${",".repeat(8_000)}${" ".repeat(8_000)}x`;
  expect(headerOf(sent(long), "x-user-id")).toBe("x");
  expect(isNamedBy(sent(long), "x-user-id", "y")).toBe(false);
});
