import { FRAME, TO_WORDS } from "./words.ts";

/** Words between a recipient and the message. */
const FOLLOWING: ReadonlySet<string> = new Set(
  "and that by via please with saying that's que dass che что rằng di pour per dire para decir".split(" "),
);
/** Words at the end of a request. */
const LAST: ReadonlySet<string> = new Set(
  "by via as an a e-mail email mail please thanks thank you".split(" "),
);

/** Korean, Japanese and Chinese put the request behind the text of the mail: the last characters show it. */
const TAILS: readonly RegExp[] = [
  /(?:이?메일|편지|메시지)?(?:을|를|로|으로)?\s{0,4}(?:좀|하나|한 ?통)?\s{0,4}(?:보내|전송|발송|전해|써)(?:(?!메일|보내|전송|발송)[가-힣\s]){0,20}[.!?~\s]{0,5}$/u,
  /(?:の)?(?:電子)?(?:メール|連絡)(?:を|で|に)?(?:送|して|し|出|書|お願)?[\p{sc=Hiragana}送信書出願]{0,14}[。.!！?？\s]{0,5}$/u,
  /(?:的)?(?:发送|發送|发|發|写|寄)?(?:一?封)?(?:电子)?(?:邮件|郵件|信)[。.!！\s]{0,5}$/u,
];
const TAIL_CHARS = 60;

/** How a text is quoted in front of such a request. */
const QUOTING = /\s{0,4}(?:이라고|라고|이라는|라는|(?<=[다냐자])고|という|って|と|で)\s{0,4}$/u;
const WITH_PARTICLE = /\s{0,4}(?:으로|로|을|를|이고|고)\s{0,4}$/u;

const AFTER_RECIPIENT =
  /^\s{0,4}(?:(?:님|さん|様)?(?:에게로?|께|한테|앞으로|으로|로|에|와|과|하고|宛て?に|に|へ|と)(?![a-z])|(?:发|發|写|寄|发送)?(?:一?封)?(?:电子)?(?:邮件|郵件|信)?(?:说|說|告诉)?)/u;
const BEFORE_RECIPIENT =
  /^\s{0,4}(?:请|請|帮我|向|给|給|告诉|告訴|通知|发邮件|发送邮件|发送电子邮件|发信|写信|并|和){1,3}/u;

/**
 * The text without the request that ends it, in the languages that put it there; unchanged where there is
 * none.
 */
export function withoutTail(text: string): string {
  const whole = text.trimEnd();
  const end = whole.slice(-TAIL_CHARS);
  for (const tail of TAILS) {
    const found = tail.exec(end)?.[0];
    if (found !== undefined) return whole.slice(0, whole.length - found.length);
  }
  return whole;
}

/** The text without such a request and without what marks it as a quotation: `회의라고`, `会議ですと`. */
export function withoutQuoting(text: string, hasParticle: boolean): string {
  const end = text.slice(-TAIL_CHARS);
  const found = QUOTING.exec(end)?.[0] ?? (hasParticle ? WITH_PARTICLE.exec(end)?.[0] : undefined);
  const rest = found === undefined ? text : text.slice(0, text.length - found.length);
  return rest.trim() === "" ? text.trim() : rest.trim();
}

/** What is asked for besides a mail, or before it, does not belong to its text. */
const LAST_VERB = /(?<![\p{L}\p{N}])(?:send|write|forward|drop|tell|notify|inform)(?![\p{L}\p{N}])/giu;
const SOMETHING_ELSE = /(?:알려|말해|보여|찾아) ?주고\s{0,9}$/u;
const A_MAIL = /^\s{0,4}(?:an?|the|one)\s{1,4}(?:short |quick |new )?(?:e-?mail|mail|message|note)(?![a-z])/i;

/**
 * What a piece of a request says besides asking for a mail: the text of a mail that has no label.
 *
 * @param isFirst it stands before the recipients, where the verb stands in most languages
 */
export function residueOf(piece: string, isFirst: boolean): string {
  const tailless = withoutTail(piece);
  const isAsked = tailless.length < piece.trimEnd().length;
  if (isFirst && SOMETHING_ELSE.test(piece.slice(-TAIL_CHARS))) return "";
  const verb = isFirst ? [...tailless.matchAll(LAST_VERB)].at(-1) : undefined;
  let text = tailless.slice(verb?.index ?? 0);
  text = text.replace(isFirst ? BEFORE_RECIPIENT : AFTER_RECIPIENT, "").replace(A_MAIL, "");
  text = withoutFirst(text, isFirst ? FRAME : FOLLOWING);
  text = withoutLast(text, isFirst ? TO_WORDS : LAST).replace(/[,;:]$/, "");
  if (isAsked || /[가-힣]/.test(text)) text = withoutQuoting(text, isAsked);
  // It may consist of a request's words only, wherever it stands.
  return withoutFirst(text, FRAME) === "" ? "" : text;
}

function withoutFirst(text: string, words: ReadonlySet<string>): string {
  let from = 0;
  for (;;) {
    from += /^[\s,;:.!?，、：；。—–-]{0,200}/u.exec(text.slice(from, from + 200))?.[0].length ?? 0;
    const word = /^[\p{L}'’-]{1,20}(?!\p{L})/u.exec(text.slice(from, from + 21))?.[0];
    if (word === undefined || !words.has(word.toLowerCase())) return text.slice(from).trim();
    from += word.length;
  }
}

function withoutLast(text: string, words: ReadonlySet<string>): string {
  let to = text.trimEnd().length;
  for (;;) {
    const word = /(?<!\p{L})[\p{L}'’-]{1,20}[,.:!]?$/u.exec(text.slice(Math.max(0, to - 22), to))?.[0];
    if (word === undefined || !words.has(word.toLowerCase().replace(/[,.:!]$/, "")))
      return text.slice(0, to).trim();
    to = text.slice(0, to - word.length).trimEnd().length;
  }
}
