import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRequests } from "../../../graphs/demo/requests.ts";
import { writtenIn } from "../../../graphs/state/language.ts";
import { sendEmail } from "../../../tools/send-email.ts";

const KIM = "kim@example.com";
const LEE = "lee@example.com";

const mailsIn = (prompt: string) =>
  readRequests(prompt, writtenIn(prompt) ?? "ko").flatMap(({ tool, args }) =>
    tool === "send_email" ? [args] : [],
  );

const QUOTES = ['""', "''", "“”", "‘’", "«»", "„“", "「」", "『』", "《》", "＂＂", "``"];
const FORMS: readonly ((to: string, subject: string, body: string) => string)[] = [
  (to, subject, body) => `Send an email to ${to} with subject ${subject} and body ${body}`,
  (to, subject, body) => `Please e-mail ${to}, subject: ${subject}, body: ${body}. Thank you`,
  (to, subject, body) => `Send a mail with body ${body} and subject ${subject} to ${to}`,
  (to, subject, body) => `${to} 에게 제목 ${subject} 내용 ${body} 라고 메일 보내줘`,
  (to, subject, body) => `${to}에게 제목은 ${subject}, 내용은 ${body}로 이메일을 보내 주세요`,
  (to, subject, body) => `${to}に件名${subject}、本文${body}でメールを送って`,
  (to, subject, body) => `给${to}发邮件，主题是${subject}，内容是${body}`,
  (to, subject, body) => `Schreibe an ${to} mit dem Betreff ${subject} und dem Text ${body}`,
  (to, subject, body) => `Xyzzy ${to} plugh ${subject} ${body}`,
];

describe("whatever is given", () => {
  it("is sent word for word when it stands in quotation marks", () => {
    const given = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    const texts = fc.tuple(fc.constantFrom(...QUOTES), given, given).filter(([marks, ...each]) => {
      const opposite = [...marks, ...(marks === "„“" ? "”" : ""), "\\", "\n", "\r"];
      return each.every(
        (text) => text.trim() === text && text !== "" && !opposite.some((mark) => text.includes(mark)),
      );
    });
    const to = fc.constantFrom([KIM], [KIM, LEE], ["kim@한국.kr"]);
    fc.assert(
      fc.property(fc.constantFrom(...FORMS), to, texts, (form, addresses, [marks, subject, body]) => {
        const [open = "", close = ""] = marks;
        const prompt = form(addresses.join(", "), `${open}${subject}${close}`, `${open}${body}${close}`);
        const one = addresses.length === 1 ? addresses[0] : addresses;
        expect(mailsIn(prompt)).toEqual([{ to: one, subject, body }]);
      }),
      { numRuns: 1_500 },
    );
  });

  it("is sent without quotation marks as well", () => {
    // Words that are neither a label nor a connection between two.
    const words = fc
      .array(fc.constantFrom("Budget", "3시", "회의", "meeting", "tomorrow", "明日", "Quartal", "7", "ok"), {
        minLength: 1,
        maxLength: 5,
      })
      .map((each) => each.join(" "));
    fc.assert(
      fc.property(
        fc.constantFrom(...FORMS.slice(0, 1), ...FORMS.slice(3, 8)),
        words,
        words,
        (form, subject, body) => {
          expect(mailsIn(form(KIM, subject, body))).toEqual([{ to: KIM, subject, body }]);
        },
      ),
    );
  });

  it("never becomes a mail to somebody who is named in a text, or one that the tool cannot read", () => {
    const part = fc.oneof(
      fc.constantFrom(
        KIM,
        LEE,
        "send",
        "subject",
        "saying",
        "cc",
        "제목",
        "내용",
        "라고 메일 보내줘",
        '"',
        "「",
        "」",
        "件名",
        ":",
        ",",
        "\n",
        " ",
        "and",
        "bcc",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    const { schema } = sendEmail({ smtpUrl: undefined, from: "a@b.c" });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), (parts) => {
        const prompt = parts.join(" ");
        for (const mail of mailsIn(prompt)) {
          for (const each of [mail.to, mail.cc ?? []].flat()) expect(prompt).toContain(each);
          expect(mail.body).not.toBe("");
          expect([mail.to, schema.shape.to.safeParse(mail.to).success]).toEqual([
            mail.to,
            mail.bcc === undefined || mail.to !== "",
          ]);
        }
        const quoted = `Send a mail to ${KIM} saying "${parts.join(" ").replaceAll(/["\\]/g, "")}"`;
        for (const { to } of mailsIn(quoted).slice(0, 1)) expect(to).toBe(KIM);
      }),
      { numRuns: 2_000 },
    );
  });
});
