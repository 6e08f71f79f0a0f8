import fc from "fast-check";
import addressparser from "nodemailer/lib/addressparser";
import { describe, expect, it } from "vitest";
import { domainOf, readRecipients } from "../../tools/mail-address.ts";

const read = (text: string) => {
  const { addresses, problem } = readRecipients(text);
  return problem === undefined ? addresses : problem;
};

describe("recipients as people and models write them", () => {
  it.each([
    ["kim@example.com", ["kim@example.com"]],
    ["Kim.Lee+dwp_1@Example.COM", ["Kim.Lee+dwp_1@Example.COM"]],
    ["  kim@example.com \n", ["kim@example.com"]],
    ["kim@example.com.", ["kim@example.com"]],
    ["<kim@example.com>", ["kim@example.com"]],
    ["Kim <kim@example.com>", ["kim@example.com"]],
    ["김철수 대리<kim@example.com>", ["kim@example.com"]],
    ["김철수(영업팀) <kim@example.com>", ["kim@example.com"]],
    ['"Kim, Cheolsu" <kim@example.com>', ["kim@example.com"]],
    ['"Kim \\"the <boss>\\"; x" <kim@example.com>', ["kim@example.com"]],
    ["kim@example.com <kim@example.com>", ["kim@example.com"]],
    ["kim@example.com (김철수)", ["kim@example.com"]],
    ["mailto:kim@example.com", ["kim@example.com"]],
    ["Kim <MAILTO:kim@example.com>", ["kim@example.com"]],
    ["kim@example.com, lee@example.com", ["kim@example.com", "lee@example.com"]],
    ["kim@example.com;lee@example.com;", ["kim@example.com", "lee@example.com"]],
    [
      "kim@example.com、lee@example.com，park@example.com",
      ["kim@example.com", "lee@example.com", "park@example.com"],
    ],
    ['"Kim, A" <kim@example.com>, Lee <lee@example.com>', ["kim@example.com", "lee@example.com"]],
    ["kim@example.com, Kim <kim@EXAMPLE.com>", ["kim@example.com"]],
    ["kim@한국.kr", ["kim@xn--3e0b707e.kr"]],
    ["kim＠ｅｘａｍｐｌｅ．com", ["kim@example.com"]],
    ["Kim <kim@회사.한국>", ["kim@xn--vf4b131b.xn--3e0b707e"]],
    ["kim@삼성sds.com", ["kim@xn--sds-iy4njs.com"]],
    ["kim@日本語。jp", ["kim@xn--wgv71a119e.jp"]],
    ["kim@bücher.example", ["kim@xn--bcher-kva.example"]],
    ["kim@xn--3e0b707e.kr", ["kim@xn--3e0b707e.kr"]],
    ["kim@회사.xn--3e0b707e", ["kim@xn--vf4b131b.xn--3e0b707e"]],
  ])("%s", (text, addresses) => {
    expect(read(text)).toEqual(addresses);
  });

  it("shows the address that is used, whatever name stands before it", () => {
    expect(read('"boss@dwp.com" <evil@x.com>')).toEqual(["evil@x.com"]);
    expect(read('"boss@dwp.com>, x" <evil@x.com>')).toEqual(["evil@x.com"]);
    expect(read("The boss <evil@x.com>")).toEqual(["evil@x.com"]);
  });

  it.each([
    ["nothing", ""],
    ["only separators", " , ;"],
    ["no address", "kim"],
    ["no address in brackets", "Kim <kim>"],
    ["a name beside an address", "kim, Lee <lee@x.com>"],
    ["another address as a name", "boss@dwp.com <evil@x.com>"],
    ["another address in a comment", "boss@dwp.com (evil@x.com)"],
    ["two addresses without a comma", "a@x.com b@x.com"],
    ["two addresses in brackets", "Kim <a@x.com> <b@x.com>"],
    ["two addresses within brackets", "Kim <a@x.com, b@x.com>"],
    ["something after the brackets", "Kim <a@x.com> b"],
    ["quotes that do not end", '"Kim <a@x.com>'],
    ["brackets that do not end", "Kim <a@x.com"],
    ["a group", "Team: a@x.com, b@x.com;"],
    ["a link with more recipients", "mailto:a@x.com?cc=evil@x.com"],
    ["an escaped link", "mailto:a%40x.com"],
    ["a line break", "a@x.com\r\nBcc: b@x.com"],
    ["a line break in a name", '"Kim\r\nBcc: x" <a@x.com>'],
    ["two @", "a@b@x.com"],
    ["two dots", "a..b@x.com"],
    ["a dot before", ".a@x.com"],
    ["a domain without a dot", "a@localhost"],
    ["an IP address", "a@127.0.0.1"],
    ["an address literal", "a@[127.0.0.1]"],
    ["a label that begins with -", "a@-x.com"],
    ["an empty label", "a@x..com"],
    ["a long label", `a@${"x".repeat(64)}.com`],
    ["a long address", `${"a".repeat(250)}@x.com`],
    ["a long local part", `${"a".repeat(65)}@x.com`],
    ["another script before the @", "김@example.com"],
    ["letters of another script among Latin ones", "kim@ex\u0430mple.com"],
    ["Latin letters among Greek ones", "kim@αβγo.com"],
    ["an escape in the domain", "kim@%65xample.com"],
    ["a path", "kim@example.com/x"],
    ["a port", "kim@example.com:25"],
    ["a broken punycode label", "kim@xn--\u00fc.com"],
  ])("%s is refused", (_, text) => {
    expect(readRecipients(text).problem).toMatch(/^(?:recipient \d+ )?must /);
  });

  it("says which of several recipients is wrong, and quotes nothing of it", () => {
    expect(read("a@x.com, b@x.com, secret")).toMatch(/^recipient 3 must be a plain e-mail address/);
    expect(read("김@example.com")).toMatch(/before the @/);
  });
});

const local = fc
  .stringMatching(/^[a-z0-9][a-z0-9._+-]{0,10}[a-z0-9]$/)
  .filter((text) => !text.includes(".."));
const domain = fc.constantFrom("example.com", "dwp.local", "한국.kr", "mail.회사.한국", "bücher.example");
const address = fc.tuple(local, domain).map(([name, at]) => `${name}@${at}`);
const quotedName = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .filter((name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name))
  .map((name) => `"${name.replaceAll(/["\\]/g, "\\$&")}" `);
const written = fc.tuple(fc.oneof(fc.constant(""), quotedName), address);

const PLAIN = /^[A-Za-z0-9_'+.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$/;

describe("whatever is written", () => {
  it("no name hides, adds or changes a recipient", () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 6 }), (each) => {
        const text = each.map(([name, at]) => (name === "" ? at : `${name}<${at}>`)).join(", ");
        const alone = new Set(each.flatMap(([, at]) => readRecipients(at).addresses));
        expect(readRecipients(text)).toEqual({ addresses: [...alone] });
      }),
    );
  });

  it("what is taken is plain, means the same when it is read again, and to the mailer too", () => {
    const part = fc.oneof(
      fc.constantFrom(
        ..."\"<>(),;:@.\\ [];'",
        "kim@example.com",
        "Kim ",
        "한국.kr",
        "mailto:",
        "\u200b",
        "\u202e",
        "\n",
      ),
      fc.string({ unit: "binary", maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const { addresses, problem } = readRecipients(parts.join(""));
        if (problem !== undefined) {
          expect(addresses).toEqual([]);
          return;
        }
        for (const each of addresses) expect(each).toMatch(PLAIN);
        expect(readRecipients(addresses.join(", ")).addresses).toEqual(addresses);
        expect(addressparser(addresses.join(", ")).map((each: any) => each.address)).toEqual(addresses);
      }),
      { numRuns: 3_000 },
    );
  });

  it("takes time in proportion to its length", () => {
    for (const each of ["<", '"', "(", "a@", ".a", "-", ",", "a,", "\\", "@", " ", "\u3002한", "mailto:"]) {
      for (const text of [each.repeat(200_000), `${each.repeat(200_000)}a@x.com`]) readRecipients(text);
    }
  });
});

describe("the domain of an address", () => {
  it.each([
    ["Aura <aura@DWP.local>", "DWP.local"],
    ["aura@dwp.local", "dwp.local"],
    ["아우라 <aura@한국.kr>", "xn--3e0b707e.kr"],
    ["aura", undefined],
    ["aura@", undefined],
  ])("%s", (text, expected) => {
    expect(domainOf(text)).toBe(expected);
  });
});
