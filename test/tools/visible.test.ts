import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countUnseen, inQuotes, visible } from "../../tools/visible.ts";

const UNSEEN = [
  ..."\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
  ..."\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u{e0041}\u{e0101}\u3164\u115f\u2028\u0000\u001b\u0085",
];

describe("visible", () => {
  it.each(UNSEEN.map((character) => [`U+${character.codePointAt(0)?.toString(16)}`, character]))(
    "%s stands there by its number",
    (name, character) => {
      const shown = `⟨U+${name.slice(2).toUpperCase().padStart(4, "0")}⟩`;
      expect(visible(`a${character}b`)).toBe(`a${shown}b`);
      expect(inQuotes(`${character}`)).toBe(`"${shown}"`);
    },
  );

  it.each(["회의 안내 👨‍👩‍👧‍👦 👩🏽‍💻 ❤️ 1️⃣ 🇰🇷 🏳️‍🌈", "ㅎㅏㄴ 각 (주)한국 “인용” — naïve", "שלום مرحبا"])(
    "leaves %s as it is",
    (text) => {
      expect(visible(text)).toBe(text);
      expect(countUnseen(text)).toBe(0);
    },
  );

  it("shows a joiner that joins no picture, and half a pair", () => {
    expect(visible("a\u200db👨\u200db\ud83d")).toBe("a⟨U+200D⟩b👨⟨U+200D⟩b⟨U+D83D⟩");
  });

  it("counts no line breaks", () => {
    expect(countUnseen("a\r\n\tb\u200b\u202ec")).toBe(2);
  });
});

describe("quoted", () => {
  it("keeps text of strangers from ending its quotation", () => {
    expect(inQuotes('Hi" to boss@dwp.com?\n\\')).toBe('"Hi\\" to boss@dwp.com?⟨U+000A⟩\\\\"');
  });

  it("[fuzz] is one line in which nothing is hidden, and ends where it ends", () => {
    const text = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", ...UNSEEN)));
    fc.assert(
      fc.property(
        text.map((parts) => parts.join("")),
        (any) => {
          const shown = inQuotes(any);
          expect(shown).toMatch(/^"(?:[^"\\]|\\["\\])*"$/u);
          expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff]/u);
        },
      ),
      { numRuns: 500 },
    );
  });
});
