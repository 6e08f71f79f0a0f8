import { domainToUnicode } from "node:url";
import type { Language } from "@aura-platform/contract/languages.ts";
import { domainOf } from "./mail-address.ts";
import { inQuotes, visible } from "./visible.ts";

interface QuestionedMail {
  to: string | string[];
  cc?: string | string[] | undefined;
  subject: string;
  format?: "text" | "html" | undefined;
}

/** How many recipients the question names; the arguments beside it hold all of them. */
const MAX_NAMED = 5;

/**
 * The question for the approver of a mail: how many get it, and every domain outside the sender's own. The
 * subject comes last, so that nothing in it can stand before the facts.
 */
export function mailQuestion(mail: QuestionedMail, language: Language, from: string): string {
  const copies = listOf(mail.cc).length;
  const recipients = [...listOf(mail.to), ...listOf(mail.cc)];
  const say = TEXTS[language];
  const own = domainOf(from)?.toLowerCase();
  const domains = recipients.map((each) => (domainOf(each) ?? each).toLowerCase());
  const foreign = [...new Set(domains)].filter((domain) => domain !== own);
  return [
    say.ask(recipients.length, copies),
    say.recipients(recipients.slice(0, MAX_NAMED).join(", "), Math.max(0, recipients.length - MAX_NAMED)),
    foreign.length === 0
      ? say.inside(readable(own ?? ""))
      : say.outside(own && readable(own), foreign.map(readable).join(", ")),
    ...(mail.format === "html" ? [say.html] : []),
    say.subject(inQuotes(mail.subject)),
  ].join(" ");
}

/** One recipient is a string, several are a list. */
export function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** The domain in punycode, as it is used, followed by its readable form. */
function readable(domain: string): string {
  const name = domainToUnicode(domain);
  return name === "" || name === domain ? domain : `${domain} (${visible(name)})`;
}

const TEXTS = Object.freeze({
  ko: {
    ask: (count: number, copies: number) =>
      `${count}명에게 메일을 보낼까요?${copies === 0 ? "" : ` (참조 ${copies}명 포함)`}`,
    recipients: (named: string, more: number) => `받는 사람: ${named}${more === 0 ? "" : ` 외 ${more}명`}.`,
    inside: (own: string) => `모두 ${own} 주소입니다.`,
    outside: (own: string | undefined, domains: string) =>
      own === undefined ? `도메인: ${domains}.` : `${own} 외부 도메인: ${domains}.`,
    html: "본문은 HTML 원문이라 보이는 모습이 다를 수 있습니다.",
    subject: (subject: string) => `제목: ${subject}`,
  },
  en: {
    ask: (count: number, copies: number) =>
      `Send an e-mail to ${count === 1 ? "1 recipient" : `${count} recipients`}${copies === 0 ? "" : ` (${copies} in copy)`}?`,
    recipients: (named: string, more: number) =>
      `Recipients: ${named}${more === 0 ? "" : ` and ${more} more`}.`,
    inside: (own: string) => `All of them are in ${own}.`,
    outside: (own: string | undefined, domains: string) =>
      own === undefined ? `Domains: ${domains}.` : `Outside ${own}: ${domains}.`,
    html: "The body is HTML source, and may look different when it is read.",
    subject: (subject: string) => `Subject: ${subject}`,
  },
});
