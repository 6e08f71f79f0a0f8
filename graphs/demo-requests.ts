import { type DemoLookup, readLookup } from "./demo-lookups.ts";
import type { Language } from "./state.ts";

/** A tool call that the demo model reads out of a prompt. */
export type DemoRequest =
  | {
      tool: "send_email";
      args: { to: string | string[]; cc?: string | string[]; subject: string; body: string };
    }
  | { tool: "current_time"; args: { timeZone?: string } }
  | DemoLookup;

type MailArgs = Extract<DemoRequest, { tool: "send_email" }>["args"];

const ADDRESS = /[A-Z0-9._%+-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{2,}/gi;
const HANGUL = /[가-힣]/;

/** The language of a text; null when it has no letters to tell by. */
export function languageOf(text: string): Language | null {
  if (HANGUL.test(text)) return "ko";
  return /[A-Za-z]/.test(text) ? "en" : null;
}

/**
 * The rules read shorter prompts only. They are regular expressions whose time grows with the square of the
 * length, and half a prompt must not be acted on.
 */
export const MAX_PROMPT = 2_000;

/** What a prompt asks for: mails in their order, then the time; else something to look up. */
export function readRequests(prompt: string, language: Language): DemoRequest[] {
  if (prompt.length > MAX_PROMPT) return [];
  const { mails, rest } = readMails(prompt, language);
  const time = readTime(rest);
  const asked = [...mails.map((args) => ({ tool: "send_email", args }) as const), ...(time ? [time] : [])];
  if (asked.length > 0) return asked;
  const lookup = readLookup(prompt);
  return lookup === null ? [] : [lookup];
}

const MAIL_WORD = /e-?mail|\bmail|\bsend\b|\bwrite\b|메일|보내|전송|발송/i;

/** Where one mail's description may end and the next begin. */
const NEXT_MAIL = new RegExp(
  [
    String.raw`[,;.]?\s+(?:and\s+)?(?:then\s+)?(?:also\s+)?(?:send\s+|write\s+)?(?:another|a second|one more)\b`,
    String.raw`(?:[,;.!]|\band|\bthen|\balso)\s+(?:please\s+)?(?=(?:send|e-?mail|mail|write)\b)`,
    String.raw`(?<=보내\s?(?:고|주고|줘|주세요))[,.]?\s+`,
    String.raw`[,.]?\s+(?:그리고|또)\s+`,
  ].join("|"),
  "i",
);

/** A question for the time that follows the mail's description. */
const TIME_TAIL =
  /[,;.?]?\s+(?:and|also|then)\s+(?:please\s+)?(?:tell|show|give|what|check)\b[^.]*\btime\b.*$|[,;.]\s*(?:지금|현재)[^.]*(?:몇\s*시|시각|시간).*$/is;

function readMails(prompt: string, language: Language): { mails: MailArgs[]; rest: string } {
  if (!prompt.match(ADDRESS) || !MAIL_WORD.test(prompt)) return { mails: [], rest: prompt };
  const tail = TIME_TAIL.exec(prompt)?.[0] ?? "";
  const parts = segments(prompt.slice(0, prompt.length - tail.length));
  const mails = parts.map((part) => readMail(part, language));
  const read = new Set(mails.flatMap(({ subject, body }) => [subject, body]));
  const rest = [...read].reduce((text, used) => text.replaceAll(used, " "), prompt);
  return { mails, rest };
}

/** One piece of text per mail; a piece without an address belongs to the mail before it. */
function segments(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { index, 0: separator } of text.matchAll(new RegExp(NEXT_MAIL, "gi"))) {
    const isMail = (piece: string) => piece.match(ADDRESS) !== null;
    if (!isMail(text.slice(from, index)) || !isMail(text.slice(index + separator.length))) continue;
    parts.push(text.slice(from, index).replace(/[,;\s]{1,9}$/, ""));
    from = index + separator.length;
  }
  return [...parts, text.slice(from)];
}

const QUOTE = `["'“”‘’]`;

const SUBJECT: Readonly<Record<Language, RegExp>> = {
  en: /\bsubject(?:\s+line|\s+is|\s+of)?\s*:?\s*(.+?)(?=[,;]?\s+(?:and\s+)?(?:saying|that says|with|body|message|text|cc)\b|[.!]?\s*$)/is,
  ko: /제목(?:은|을|이)?\s*:?\s*(.+?)(?=(?:으로|로|이고)?\s*,?\s*(?:내용|본문|(?:이?라고\s*)?(?:이?메일|보내)|$))/s,
};

const BODY: Readonly<Record<Language, RegExp>> = {
  en: /\b(?:saying|that says|(?:with\s+)?(?:the\s+)?(?:body|message|text))\b(?:\s+that\b)?\s*:?\s*(.+?)\s*$/is,
  ko: /(?:내용|본문)(?:은|을|이)?\s*:?\s*(.+?)\s*(?:이?라고|으로|로|을|를)?\s*(?:이?메일(?:을|로)?\s*)?(?:좀\s*)?(?:하나\s*)?(?:보내|전송|발송).*$/s,
};

const COPY = /(?:\bcc\b|참조)\s*:?\s*(?:to\s+)?/i;

function readMail(text: string, language: Language): MailArgs {
  const subjectMatch = SUBJECT[language].exec(text);
  const bodyMatch = BODY[language].exec(text);
  const about = /\babout\s+(.+?)[.!]?\s*$/is.exec(text)?.[1];
  // Addresses inside the subject or the body are not recipients.
  const head = [subjectMatch, bodyMatch].reduce(
    (rest, found) => (found ? rest.replace(found[0], " ") : rest),
    text,
  );
  const [toPart = "", ccPart = ""] = head.split(COPY);
  const to = toPart.match(ADDRESS) ?? text.match(ADDRESS) ?? [];
  const cc = ccPart.match(ADDRESS) ?? [];
  const body = clean(bodyMatch?.[1]) || clean(about) || DEFAULTS[language].body;
  const subject = clean(subjectMatch?.[1]) || clean(about) || firstLine(body);
  return { to: oneOrMany(to), ...(cc.length > 0 ? { cc: oneOrMany(cc) } : {}), subject, body };
}

const DEFAULTS: Readonly<Record<Language, { body: string }>> = {
  ko: { body: "오프라인 데모 모델이 작성한 메일입니다." },
  en: { body: "A mail written by the offline demo model." },
};

function clean(text: string | undefined): string {
  return (text ?? "")
    .trim()
    .replace(new RegExp(`^${QUOTE}+|${QUOTE}+$`, "g"), "")
    .trim();
}

function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function oneOrMany(addresses: readonly string[]): string | string[] {
  const [first = "", ...others] = new Set(addresses);
  return others.length === 0 ? first : [first, ...others];
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
