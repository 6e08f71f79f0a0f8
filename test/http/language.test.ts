import fc from "fast-check";
import { expect, test } from "vitest";
import { languageOf } from "../../src/http/language.ts";

const of = (header: string | undefined) =>
  languageOf({ headers: header === undefined ? {} : { "accept-language": header } });

test.each([
  [undefined, "ko"],
  ["", "ko"],
  ["en", "en"],
  ["EN-us", "en"],
  ["ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"],
  ["en-US,en;q=0.9,ko;q=0.8", "en"],
  ["en ; q = 0.2, ko;q=0.1", "en"],
  ["en;Q=0.1,ko;q=0.2", "ko"],
  ["ko;q=0.5,en;q=0.5", "ko"],
  ["en;q=0.5,ko;q=0.5", "en"],
  // Languages that are not ours.
  ["fr-FR,fr;q=0.9", "ko"],
  ["fr,en;q=0.1", "en"],
  ["english", "ko"],
  // A wildcard is everything that is not named; of everything Korean comes first.
  ["*", "ko"],
  ["fr,*;q=0.1", "ko"],
  ["en;q=0.9,*;q=0.5", "en"],
  ["en;q=0.4,*;q=0.5", "ko"],
  // What may not be.
  ["en;q=0", "ko"],
  ["en;q=0,ko;q=0", "ko"],
  ["ko;q=0,*", "en"],
  // What cannot be read.
  [";;;", "ko"],
  [",,,en", "en"],
  ["en;q=abc,ko;q=0.1", "ko"],
  ['"en"', "ko"],
])("Accept-Language: %s is %s", (header, language) => {
  expect(of(header)).toBe(language);
});

test("whatever the header holds, it is one of the two", () => {
  const part = fc.constantFrom(
    "en",
    "ko",
    "*",
    "-",
    ";",
    ",",
    "q=",
    "0.5",
    "1",
    "=",
    '"',
    " ",
    "\t",
    "é",
    "\\",
  );
  const header = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 40 }).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(header, (text) => void expect(["ko", "en"]).toContain(of(text))));
});
