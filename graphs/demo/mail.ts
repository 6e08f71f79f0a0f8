import type { Language } from "@aura-platform/contract/languages.ts";
import { cutWithDots } from "../../tools/cut.ts";
import { beforeRecipients, FOLLOWS, recipientsOf, withNames } from "./recipients.ts";
import { residueOf, withoutQuoting, withoutTail } from "./residue.ts";
import {
  addressesIn,
  endingAt,
  type FoundAddress,
  firstFrom,
  isWithin,
  type Quote,
  quotesIn,
  type Span,
} from "./text.ts";
import { type Label, type Marker, markersIn } from "./words.ts";

/** The arguments of a mail as somebody asked for it. The tool has no `bcc`, and refuses it. */
export interface MailArgs {
  to: string | string[];
  cc?: string | string[];
  bcc?: string | string[];
  subject: string;
  body: string;
}

/** A value, and the part of the text that gives it. */
interface Value extends Span {
  text: string;
}

type Field = "subject" | "body" | "about";

const FIELDS: Readonly<Record<Label, Field | "cc" | "bcc">> = {
  subject: "subject",
  body: "body",
  said: "body",
  weak: "body",
  about: "about",
  cc: "cc",
  bcc: "bcc",
};

interface Segment {
  text: string;
  quotes: readonly Quote[];
  addresses: readonly FoundAddress[];
  markers: readonly Marker[];
}

/**
 * Reads one mail out of the text that asks for it, and where its subject and body stand. What was given is
 * sent; only without any text of the mail one of ours is used.
 */
export function readMail(text: string, language: Language): { mail: MailArgs; used: Span[] } {
  const segment = segmentOf(text);
  const values = readValues(segment);
  const claimed = [...values.values()].sort((a, b) => a.from - b.from);
  const free = segment.quotes.filter(({ from, text: said }) => said !== "" && !isWithin(claimed, from));
  const [first, second] = free;
  const labelled = values.get("body");
  const body = labelled ?? (values.has("subject") ? first : (second ?? first)) ?? values.get("about");
  const subject =
    values.get("subject") ??
    (labelled !== undefined || second !== undefined ? first : undefined) ??
    values.get("about");
  const { to, cc, bcc, spans } = recipientsOf(
    text,
    segment.addresses,
    segment.markers,
    [...claimed, ...free].sort((a, b) => a.from - b.from),
  );
  const rest = body === undefined ? residue(segment, [...claimed, ...spans]) : [];
  const said = body?.text || rest.map(({ text: piece }) => piece).join(" ") || DEFAULTS[language].body;
  const mail = {
    to: oneOrMany(to),
    ...(cc.length > 0 ? { cc: oneOrMany(cc) } : {}),
    ...(bcc.length > 0 ? { bcc: oneOrMany(bcc) } : {}),
    subject: subject?.text || firstLine(said),
    body: said,
  };
  return { mail, used: [...claimed, ...free, ...rest] };
}

function segmentOf(text: string): Segment {
  const found = addressesIn(text);
  const isAddress = ({ text: said }: Quote) =>
    addressesIn(said).some(({ from, to }) => to - from === said.length);
  const quotes = quotesIn(text);
  const named = withNames(text, found, quotes);
  const texts = quotes.filter((quote) => !isAddress(quote) && !isWithin(named, quote.from));
  const addresses = named.filter(({ to }) => !isWithin(texts, to - 1));
  const markers = markersIn(text).filter(({ core }) => !isWithin(texts, core) && !isWithin(named, core));
  return { text, quotes: texts, addresses, markers };
}

/** The values behind the labels, in their order; the first of each field counts. */
function readValues(segment: Segment): Map<Field, Value> {
  const values = new Map<Field, Value>();
  let at = 0;
  for (const [index, marker] of segment.markers.entries()) {
    const field = FIELDS[marker.label];
    if (marker.core < at || field === "cc" || field === "bcc" || values.has(field)) continue;
    const value = quotedValue(segment, marker) ?? openValue(segment, marker, index, values);
    if (value.text === "") continue;
    values.set(field, value);
    at = value.to;
  }
  return values;
}

/** A label behind its value: `"회의"라는 제목으로`. */
const NAMED_SO = /\s{0,3}(?:이?라는|이?란|という|との)\s{0,3}$/u;

function quotedValue({ text, quotes }: Segment, { from, core, to }: Marker): Value | undefined {
  const so = NAMED_SO.exec(text.slice(Math.max(0, core - 12), core))?.[0];
  const named = so === undefined ? undefined : endingAt(quotes, core - so.length);
  if (named !== undefined) return { from: named.from, to, text: named.text };
  const quote = firstFrom(quotes, to);
  return quote?.from === to ? { from, to: quote.to, text: quote.text } : undefined;
}

/** A value without quotation marks: it reaches to the next label, or to the end. */
function openValue(
  segment: Segment,
  marker: Marker,
  index: number,
  values: ReadonlyMap<Field, Value>,
): Value {
  const { text, addresses } = segment;
  const end = endOf(segment, marker, index, values);
  let to = Math.max(marker.to, end?.from ?? text.length);
  let value = text.slice(marker.to, to);
  if (marker.label === "subject") [value = ""] = value.split("\n", 1);
  to = marker.to + value.length;
  if (end === undefined && to === text.length) value = withoutTail(value);
  const isOnly =
    (addresses[0]?.from ?? 0) >= marker.to && (addresses.at(-1)?.to ?? 0) <= marker.to + value.length;
  if (isOnly && addresses.length > 0) value = beforeRecipients(value, marker.to, addresses);
  const unquoted = withoutQuoting(value.trim(), marker.hasParticle);
  const said = FIELDS[marker.label] === "body" ? unquoted : unquoted.replace(/[,;.!、，；。\s]{1,9}$/u, "");
  return { from: marker.from, to: marker.to + value.trimEnd().length, text: said };
}

/**
 * The label that ends such a value. The search starts behind the marker: a text may consist of labels only.
 */
function endOf(
  segment: Segment,
  marker: Marker,
  index: number,
  values: ReadonlyMap<Field, Value>,
): Marker | undefined {
  for (let at = index + 1; at < segment.markers.length; at += 1) {
    const next = segment.markers[at];
    if (next !== undefined && next.core >= marker.to && ends(segment, marker, next, values)) return next;
  }
  return undefined;
}

function ends(
  { addresses }: Segment,
  marker: Marker,
  next: Marker,
  values: ReadonlyMap<Field, Value>,
): boolean {
  const field = FIELDS[next.label];
  if (field === "cc" || field === "bcc")
    return (firstFrom(addresses, next.core)?.from ?? Number.POSITIVE_INFINITY) - next.to < FOLLOWS;
  if (field === FIELDS[marker.label] || values.has(field)) return false;
  if (field === "subject") return next.isExplicit;
  if (field === "about") return FIELDS[marker.label] === "subject";
  return next.label !== "weak" || next.isExplicit;
}

/** What is left of the text when everything that was recognised is taken away. */
function residue({ text }: Segment, known: readonly Span[]): Value[] {
  const spans = [...known].sort((a, b) => a.from - b.from);
  const pieces: Value[] = [];
  let at = 0;
  for (const { from, to } of [...spans, { from: text.length, to: text.length }]) {
    const piece = residueOf(text.slice(at, Math.max(at, from)), at === 0);
    if (/[\p{L}\p{N}]/u.test(piece)) pieces.push({ from: at, to: from, text: piece });
    at = Math.max(at, to);
  }
  return pieces;
}

const DEFAULTS: Readonly<Record<Language, { body: string }>> = {
  ko: { body: "오프라인 데모 모델이 작성한 메일입니다." },
  en: { body: "A mail written by the offline demo model." },
};

function firstLine(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  return cutWithDots(line, 60);
}

function oneOrMany(addresses: readonly string[]): string | string[] {
  const [first = "", ...others] = new Set(addresses);
  return others.length === 0 ? first : [first, ...others];
}
