import type { Language } from "@aura-platform/contract/languages.ts";
import { type DemoLookup, readLookup } from "./lookups.ts";
import { type MailArgs, readMail } from "./mail.ts";
import { addressesIn, type FoundAddress, isWithin, quotesIn, type Span } from "./text.ts";
import { MAIL_WORD, markersIn, NEXT_MAIL, QUESTION } from "./words.ts";

/** A tool call that the demo model reads out of a prompt. */
export type DemoRequest =
  | { tool: "send_email"; args: MailArgs }
  | { tool: "current_time"; args: { timeZone?: string } }
  | DemoLookup;

/**
 * What a prompt asks for: mails in their order, then the time; otherwise a lookup. The time it takes grows
 * linearly with the prompt.
 */
export function readRequests(prompt: string, language: Language): DemoRequest[] {
  const { mails, rest } = readMails(prompt, language);
  const time = readTime(rest);
  const asked = [...mails.map((args) => ({ tool: "send_email", args }) as const), ...(time ? [time] : [])];
  if (asked.length > 0) return asked;
  const lookup = readLookup(prompt);
  return lookup === null ? [] : [lookup];
}

/** A question for the time that follows the mail's description. */
const TIME_TAIL =
  /[,;.?]?\s{1,9}(?:and|also|then)\s{1,9}(?:please\s{1,9})?(?:tell|show|give|what|check)\b[^.]{0,80}\btime\b|[,;.]\s{0,9}(?:지금|현재)[^.]{0,80}(?:몇\s{0,9}시|시각|시간)/gi;

function readMails(prompt: string, language: Language): { mails: MailArgs[]; rest: string } {
  const quotes = quotesIn(prompt);
  const addresses = addressesIn(prompt);
  const isMeant = addresses.length > 0 && asksForMail(prompt, quotes, addresses);
  if (!isMeant) return { mails: [], rest: prompt };
  const tail = [...prompt.matchAll(TIME_TAIL)].find(({ index }) => !isWithin(quotes, index));
  const text = prompt.slice(0, tail?.index);
  const mails: MailArgs[] = [];
  const used: Span[] = [];
  for (const part of segments(text, quotes, addresses)) {
    const read = readMail(text.slice(part.from, part.to), language);
    // Addresses inside a mail's text are no recipients.
    if (read.mail.to === "" && read.mail.bcc === undefined) continue;
    mails.push(read.mail);
    used.push(...read.used.map(({ from, to }) => ({ from: part.from + from, to: part.from + to })));
  }
  return { mails, rest: without(prompt, used) };
}

/** An address alone asks for nothing; an address with a quotation does, in any language. */
function asksForMail(prompt: string, quotes: readonly Span[], addresses: readonly FoundAddress[]): boolean {
  const outside = without(prompt, quotes);
  const isText = addresses.some(({ from }) => !isWithin(quotes, from)) && quotes.length > 0;
  if (!isText && !MAIL_WORD.test(outside)) return false;
  return isText || !QUESTION.test(outside) || markersIn(outside).some(({ isExplicit }) => isExplicit);
}

/** One piece of text per mail; a piece without an address belongs to the mail before it. */
function segments(text: string, quotes: readonly Span[], addresses: readonly FoundAddress[]): Span[] {
  const ends = addresses.filter(({ from, to }) => to <= text.length && !isWithin(quotes, from));
  const parts: Span[] = [];
  let from = 0;
  let next = 0;
  for (const { index, 0: separator } of text.matchAll(NEXT_MAIL)) {
    if (isWithin(quotes, index)) continue;
    const behind = index + separator.length;
    while (next < ends.length && (ends[next]?.from ?? 0) < from) next += 1;
    const isBefore = (ends[next]?.from ?? text.length) < index;
    if (!isBefore || (ends.at(-1)?.from ?? 0) < behind) continue;
    parts.push({ from, to: from + withoutComma(text.slice(from, index)).length });
    from = behind;
  }
  return [...parts, { from, to: text.length }];
}

function withoutComma(text: string): string {
  const end = /[,;\s]{1,9}$/.exec(text.slice(-9))?.[0] ?? "";
  return text.slice(0, text.length - end.length);
}

function without(text: string, spans: readonly Span[]): string {
  let at = 0;
  let rest = "";
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    rest += `${text.slice(at, Math.max(at, from))} `;
    at = Math.max(at, to);
  }
  return rest + text.slice(at);
}

const TIME =
  /\bwhat(?:'s| is)?\s+(?:the\s+)?(?:current\s+|local\s+)?time\b|\bcurrent time\b|\btime is it\b|\b(?:the\s+)?time in\b|몇\s*시(?!간)|(?:현재|지금)\s*(?:시각|시간)|시각(?:을|이|은)?\s*(?:알려|뭐)/i;

const ZONES: readonly [RegExp, string][] = [
  [/seoul|korea|서울|한국/i, "Asia/Seoul"],
  [/tokyo|japan|도쿄|일본/i, "Asia/Tokyo"],
  [/beijing|shanghai|베이징|상하이/i, "Asia/Shanghai"],
  [/singapore|싱가포르/i, "Asia/Singapore"],
  [/sydney|시드니/i, "Australia/Sydney"],
  [/london|런던/i, "Europe/London"],
  [/paris|파리/i, "Europe/Paris"],
  [/berlin|베를린/i, "Europe/Berlin"],
  [/new york|뉴욕/i, "America/New_York"],
  [/los angeles|san francisco|로스앤젤레스|샌프란시스코/i, "America/Los_Angeles"],
  [/\butc\b|\bgmt\b/i, "UTC"],
];

function readTime(text: string): DemoRequest | null {
  if (!TIME.test(text)) return null;
  const named = /\b[A-Z][A-Za-z]+\/[A-Z][A-Za-z_]+\b/.exec(text)?.[0];
  const timeZone = named ?? ZONES.find(([city]) => city.test(text))?.[1];
  return { tool: "current_time", args: timeZone === undefined ? {} : { timeZone } };
}
