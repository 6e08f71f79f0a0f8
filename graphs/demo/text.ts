/** A part of a text: from its first character to behind its last. */
export interface Span {
  from: number;
  to: number;
}

/** A quotation; `text` is what stands between its marks. */
export interface Quote extends Span {
  text: string;
}

/** An address; the span includes its brackets and its name. */
export interface FoundAddress extends Span {
  address: string;
}

/** Opening and closing marks. Those that are also apostrophes do not count inside a word. */
const MARKS: readonly (readonly [open: string, close: string])[] = [
  ['"', '"'],
  ["'", "'"],
  ["“", "”"],
  ["‘", "’"],
  ["„", "“"],
  ["„", "”"],
  ["«", "»"],
  ["‹", "›"],
  ["「", "」"],
  ["『", "』"],
  ["《", "》"],
  ["〈", "〉"],
  ["＂", "＂"],
  ["`", "`"],
];
const APOSTROPHES: ReadonlySet<string> = new Set(["'", "’"]);
const LETTER = /[A-Za-z0-9\u00c0-\u024f]/;

/** The quotations of a text in their order; one within another is part of it. Each character is read once. */
export function quotesIn(text: string): Quote[] {
  const closings = closingsIn(text);
  const quotes: Quote[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (!opens(text, at)) continue;
    const ends = MARKS.filter(([open]) => open === text[at]).map(([, close]) =>
      next(closings.get(close), at),
    );
    const end = Math.min(...ends);
    if (!Number.isFinite(end)) continue;
    const inner = text.slice(at + 1, end).replaceAll(`\\${text[end]}`, text[end] ?? "");
    quotes.push({ from: at, to: end + 1, text: inner.trim() });
    at = end;
  }
  return quotes;
}

interface Closings {
  places: number[];
  /** The first place that may still be needed: callers only ask for later ones. */
  first: number;
}

function closingsIn(text: string): Map<string, Closings> {
  const closings = new Map<string, Closings>(MARKS.map(([, close]) => [close, { places: [], first: 0 }]));
  for (let at = 0; at < text.length; at += 1) {
    if (closes(text, at)) closings.get(text[at] ?? "")?.places.push(at);
  }
  return closings;
}

function next(closings: Closings | undefined, after: number): number {
  if (closings === undefined) return Number.POSITIVE_INFINITY;
  while ((closings.places[closings.first] ?? Number.POSITIVE_INFINITY) <= after) closings.first += 1;
  return closings.places[closings.first] ?? Number.POSITIVE_INFINITY;
}

const OPENING: ReadonlySet<string> = new Set(MARKS.map(([open]) => open));

function opens(text: string, at: number): boolean {
  const mark = text[at] ?? "";
  if (!OPENING.has(mark) || text[at - 1] === "\\") return false;
  return !APOSTROPHES.has(mark) || !(LETTER.test(text[at - 1] ?? "") || /\s/.test(text[at + 1] ?? " "));
}

function closes(text: string, at: number): boolean {
  if (text[at - 1] === "\\") return false;
  return (
    !APOSTROPHES.has(text[at] ?? "") || !(LETTER.test(text[at + 1] ?? "") || /\s/.test(text[at - 1] ?? " "))
  );
}

const LOCAL = /[A-Za-z0-9_'+.-]/;
const MAX_LOCAL = 64;
const DOMAIN = /^[\p{L}\p{M}\p{N}.。．｡-]{1,254}/u;
/** Particles that follow a name without a space in Korean, Japanese and Chinese. */
const AFTER_NAME =
  /^(?:님|에게|께|한테|으로|로|에|과|와|랑|이랑|하고|을|를|은|는|이|가|に|へ|と|宛|さん|様|の|を|は|和|与|跟|发|發|寄|说|說|的|及)/u;
/** Top-level domains in other scripts: only these show where such a domain ends. */
const TOP =
  /^(?:한국|삼성|닷컴|닷넷|中国|中國|香港|台灣|台湾|新加坡|公司|网络|网址|在线|みんな|コム|рф|бел|укр|ไทย|भारत)/u;

/** The addresses of a text in their order, whatever is around them. Each costs a bounded number of steps. */
export function addressesIn(text: string): FoundAddress[] {
  const found: FoundAddress[] = [];
  for (const { index: at } of text.matchAll(/[@＠]/g)) {
    let from = at;
    while (from > 0 && at - from < MAX_LOCAL && LOCAL.test(text[from - 1] ?? "")) from -= 1;
    while (from < at && /[.'+-]/.test(text[from] ?? "")) from += 1;
    const domain = domainIn(DOMAIN.exec(text.slice(at + 1, at + 260))?.[0] ?? "");
    if (from === at || domain === "") continue;
    found.push({ from, to: at + 1 + domain.length, address: `${text.slice(from, at)}@${domain}` });
  }
  return found;
}

/** The domain that a text begins with; "" when it does not. */
function domainIn(text: string): string {
  const labels: string[] = [];
  let length = 0;
  for (const label of text.split(/[.。．｡]/)) {
    if (label === "") break;
    const ascii = /^[A-Za-z0-9-]*/.exec(label)?.[0] ?? "";
    const rest = label.slice(ascii.length);
    const isLast = length + label.length === text.length;
    if (labels.length > 0 && ascii !== "" && rest !== "" && (isLast || AFTER_NAME.test(rest))) {
      labels.push(ascii);
      length += ascii.length;
      break;
    }
    const top = labels.length > 0 ? TOP.exec(label)?.[0] : undefined;
    const whole = top ?? (isLast && labels.length > 0 ? withoutParticle(label) : label);
    labels.push(whole);
    length += whole.length;
    if (whole !== label) break;
    length += 1;
  }
  const last = labels.at(-1) ?? "";
  const isTop = /^[A-Za-z]{2,}$|^xn--[A-Za-z0-9-]+$|^[^\0-\x7f]/i.test(last);
  return labels.length > 1 && isTop ? labels.join(".") : "";
}

function withoutParticle(label: string): string {
  const end = /(?:님?에게|님?께|한테|으로|로|에|과|와|에게로|に|へ|と)$/u.exec(label.slice(-6))?.[0] ?? "";
  return /^[A-Za-z0-9-]/.test(label) || end.length >= label.length
    ? label
    : label.slice(0, label.length - end.length);
}

/** Whether a place is within one of the spans, which must be in order and must not overlap. */
export function isWithin(spans: readonly Span[], at: number): boolean {
  return (firstWhere(spans, ({ to }) => to > at)?.from ?? Number.POSITIVE_INFINITY) <= at;
}

/** The first span that begins at a place or behind it; the spans must be in order. */
export function firstFrom<Kind extends Span>(spans: readonly Kind[], at: number): Kind | undefined {
  return firstWhere(spans, ({ from }) => from >= at);
}

/** The span that ends at a place; the spans must be in order. */
export function endingAt<Kind extends Span>(spans: readonly Kind[], at: number): Kind | undefined {
  const found = firstWhere(spans, ({ to }) => to >= at);
  return found?.to === at ? found : undefined;
}

/** Binary search: once the condition holds for a span, it has to hold for all behind it. */
function firstWhere<Kind extends Span>(
  spans: readonly Kind[],
  isBehind: (span: Kind) => boolean,
): Kind | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = spans[middle];
    if (span === undefined || isBehind(span)) high = middle;
    else low = middle + 1;
  }
  return spans[low];
}
