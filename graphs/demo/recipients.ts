import { endingAt, type FoundAddress, isWithin, type Quote, type Span } from "./text.ts";
import { type Marker, TO_WORDS } from "./words.ts";

/** The longest distance between a label and its address, in characters. */
export const FOLLOWS = 20;

const CLOSING = new Map([
  ["<", ">"],
  ["(", ")"],
  ["（", "）"],
]);

/** Joins addresses with their names: `"Kim, Lee" <kim@example.com>` is one, whatever the name says. */
export function withNames(
  text: string,
  found: readonly FoundAddress[],
  quotes: readonly Quote[],
): FoundAddress[] {
  const named: FoundAddress[] = [];
  for (const each of found) {
    const whole = withName(text, each, quotes);
    while ((named.at(-1)?.to ?? 0) > whole.from) named.pop();
    named.push(whole);
  }
  return named;
}

function withName(text: string, { from, to, address }: FoundAddress, quotes: readonly Quote[]): FoundAddress {
  const open = /[<(（](?:mailto:)?$/i.exec(text.slice(Math.max(0, from - 8), from))?.[0];
  if (open === undefined || text[to] !== CLOSING.get(open[0] ?? "")) return { from, to, address };
  const before = text.slice(0, from - open.length).trimEnd().length;
  const quote = endingAt(quotes, before);
  if (quote !== undefined) return { from: quote.from, to: to + 1, address };
  let start = from - open.length;
  for (let words = 0; words < 4; words += 1) {
    const word = /[^\s,;:<>"]{1,30}\s{0,3}$/u.exec(text.slice(Math.max(0, start - 33), start))?.[0] ?? "";
    const isName =
      word !== "" &&
      !TO_WORDS.has(word.trim().toLowerCase()) &&
      !/^(?:and|&|및|b?cc|참조)[:：]?\s*$/i.test(word);
    if (!isName || word.includes("@")) break;
    start -= word.length;
  }
  return { from: start, to: to + 1, address };
}

/**
 * Takes recipients off the end of a text when they are named nowhere else: `hello to kim@example.com`, `내일 봐요
 * 라고 kim@example.com에게`.
 */
export function beforeRecipients(value: string, offset: number, addresses: readonly FoundAddress[]): string {
  const last = addresses.at(-1);
  let first = last;
  for (const each of addresses.toReversed()) {
    if (first !== undefined && isJoined(value.slice(each.to - offset, first.from - offset))) first = each;
  }
  if (first === undefined || last === undefined) return value;
  const after = value.slice(last.to - offset).trim();
  const before = value.slice(0, first.from - offset).trimEnd();
  if (/^(?:님|さん)?(?:에게|께|한테|으로|로|に|へ|宛に)$/u.test(after)) return before;
  const to = /(?:^|\s)(\p{L}{1,8})$/u.exec(before.slice(-10))?.[1] ?? "";
  return /^[.!]?$/.test(after) && TO_WORDS.has(to.toLowerCase())
    ? before.slice(0, -to.length).trimEnd()
    : value;
}

/** Whether the text between two addresses makes one list of them. */
function isJoined(gap: string): boolean {
  return (
    gap.length < 20 && /^[\s,;、，]*(?:(?:and|&|와|과|하고|및|と|和|y|et|und|e|и|và)[\s,]*)?$/iu.test(gap)
  );
}

/** The recipients of a mail and of its copies: all addresses outside the mail's own text. */
export function recipientsOf(
  text: string,
  addresses: readonly FoundAddress[],
  markers: readonly Marker[],
  claimed: readonly Span[],
) {
  const lists = { to: [] as string[], cc: [] as string[], bcc: [] as string[] };
  const spans: Span[] = [];
  const copies = markers.filter(({ label }) => label === "cc" || label === "bcc");
  const outside = addresses.filter(({ from }) => !isWithin(claimed, from));
  let list: keyof typeof lists = "to";
  let behind = 0;
  let next = 0;
  for (const { from, to, address } of outside.length > 0 ? outside : addresses) {
    while (next < copies.length && (copies[next]?.to ?? 0) <= from) next += 1;
    const copy = copies[next - 1];
    const label = copy !== undefined && copy.core >= behind && from - copy.to < FOLLOWS ? copy : undefined;
    if (label !== undefined) list = label.label === "bcc" ? "bcc" : "cc";
    else if (!isJoined(text.slice(behind, from))) list = "to";
    lists[list].push(address);
    spans.push({ from: label?.from ?? from, to });
    behind = to;
  }
  // A mail has to go to somebody: with only copies, those become its recipients.
  if (lists.to.length === 0) lists.to = lists.cc.splice(0);
  return { ...lists, spans };
}
