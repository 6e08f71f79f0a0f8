import { domainToASCII } from "node:url";

/** Recipients as they are used, or why they cannot be used, in words that quote nothing of them. */
interface Recipients {
  addresses: string[];
  problem?: string;
}

const NO_ADDRESS = "must be a plain e-mail address, such as kim@example.com";
const TWO_MEANINGS = 'must not name another address than its own: write it as "name" <address>';
const NOT_ASCII = "must have no letters but a-z before the @: mail servers do not know others there";
const UNFINISHED = "must end its quotation marks and brackets";

/**
 * Reads the recipients in a text as people, other programs and models write them: `kim@example.com`, `Kim
 * <kim@example.com>`, `"Kim, Lee" <kim@example.com>; lee@한국.kr`, `mailto:kim@example.com`. The result is what
 * a mail server is given: names are dropped and domains of other scripts are in punycode, so that an approver
 * sees where the mail goes. Each address is in it once. What has two meanings is refused. Takes linear time.
 */
export function readRecipients(text: string): Recipients {
  const entries = split(text.replaceAll("＠", "@"));
  if (entries === null) return { addresses: [], problem: UNFINISHED };
  const found: string[] = [];
  for (const [at, entry] of entries.entries()) {
    const { address, problem } = readEntry(entry);
    if (address === undefined) {
      return { addresses: [], problem: entries.length === 1 ? problem : `recipient ${at + 1} ${problem}` };
    }
    found.push(address);
  }
  return found.length === 0 ? { addresses: [], problem: NO_ADDRESS } : { addresses: withoutRepeats(found) };
}

/** Each address once, at its first place. Domains have no case; what stands before the @ may have one. */
export function withoutRepeats(addresses: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const address of addresses) {
    const at = address.lastIndexOf("@");
    const same = address.slice(0, at) + address.slice(at).toLowerCase();
    if (!found.has(same)) found.set(same, address);
  }
  return [...found.values()];
}

/** The domain of an address, or of `Name <address>`; in punycode where it is of another script. */
export function domainOf(address: string): string | undefined {
  const [domain = ""] = address.slice(address.lastIndexOf("@") + 1).split(">", 1);
  const ascii = address.includes("@") ? toAscii(domain.trim()) : "";
  return /^[A-Za-z0-9.-]+$/.test(ascii) ? ascii : undefined;
}

/** One recipient of a list, with its characters sorted by what they stand in. */
interface Entry {
  /** Outside quotation marks, brackets and comments. */
  outside: string;
  /** Behind the closing bracket. */
  after: string;
  /** Between < and >. */
  bracketed: string | undefined;
  quoted: string;
  comments: string;
  isTwice: boolean;
}

const SEPARATORS: ReadonlySet<string> = new Set(",;，、；");

/** Null when a quotation mark, a bracket or a comment does not end. */
function split(text: string): Entry[] | null {
  const entries: Entry[] = [];
  let entry = newEntry();
  let inside: "" | '"' | "<" = "";
  let comments = 0;
  let isEscaped = false;
  const put = (character: string) => {
    if (comments > 0) entry.comments += character;
    else if (inside === '"') entry.quoted += character;
    else if (inside === "<") entry.bracketed = (entry.bracketed ?? "") + character;
    else if (entry.bracketed === undefined) entry.outside += character;
    else entry.after += character;
  };
  for (const character of text) {
    if (isEscaped || character === "\\") {
      put(character);
      isEscaped = !isEscaped && (inside === '"' || comments > 0);
    } else if (inside === '"' || inside === "<") {
      if (character === (inside === '"' ? '"' : ">")) inside = "";
      else put(character);
    } else if (character === "(") comments += 1;
    else if (comments > 0) {
      if (character === ")") comments -= 1;
      else put(character);
    } else if (character === '"') {
      inside = '"';
      entry.quoted += " ";
    } else if (character === "<") {
      inside = "<";
      entry.isTwice ||= entry.bracketed !== undefined;
      entry.bracketed ??= "";
    } else if (SEPARATORS.has(character)) {
      entries.push(entry);
      entry = newEntry();
    } else put(character);
  }
  if (inside !== "" || comments > 0) return null;
  return [...entries, entry].filter((each) => !isBlank(each));
}

function newEntry(): Entry {
  return { outside: "", after: "", bracketed: undefined, quoted: "", comments: "", isTwice: false };
}

function isBlank({ outside, bracketed, quoted, comments }: Entry): boolean {
  return bracketed === undefined && `${outside}${quoted}${comments}`.trim() === "";
}

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

function readEntry(entry: Entry): { address?: string; problem: string } {
  const { bracketed, quoted, comments, isTwice } = entry;
  const [outside, after] = [entry.outside.trim(), entry.after.trim()];
  if (CONTROL.test(`${outside}${after}${bracketed ?? ""}${quoted}${comments}`))
    return { problem: NO_ADDRESS };
  // A name in quotation marks is a name, whatever it says; elsewhere an address may be meant as one.
  if (isTwice || comments.includes("@")) return { problem: TWO_MEANINGS };
  if (bracketed === undefined) return quoted === "" ? readAddress(outside) : { problem: NO_ADDRESS };
  if (after !== "" || outside.includes(":")) return { problem: NO_ADDRESS };
  const isOwn = outside.toLowerCase() === bracketed.trim().toLowerCase();
  return outside.includes("@") && !isOwn ? { problem: TWO_MEANINGS } : readAddress(bracketed.trim());
}

/** What mail servers take without quotation marks. */
const LOCAL = /^[A-Za-z0-9_'+.-]{1,64}$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const TOP_LABEL = /^(?:[A-Za-z]{2,}|xn--[A-Za-z0-9-]+)$/i;

const MAX_ADDRESS = 254;
/** Limit of an address as it is written: punycode makes it longer or shorter. */
const MAX_WRITTEN = 1_000;

function readAddress(written: string): { address?: string; problem: string } {
  if (written.length > MAX_WRITTEN) return { problem: NO_ADDRESS };
  const text = written.replace(/^mailto:/i, "").replace(/\.+$/, "");
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, Math.max(0, at)), toAscii(text.slice(at + 1))];
  if (/[^\0-\x7f]/.test(local)) return { problem: NOT_ASCII };
  const labels = domain.split(".");
  const isLocal =
    LOCAL.test(local) && !local.startsWith(".") && !/[.']$/.test(local) && !local.includes("..");
  const isDomain =
    labels.length > 1 && labels.every((label) => LABEL.test(label)) && TOP_LABEL.test(labels.at(-1) ?? "");
  const address = `${local}@${domain}`;
  return isLocal && isDomain && address.length <= MAX_ADDRESS
    ? { address, problem: "" }
    : { problem: NO_ADDRESS };
}

/** Letters, marks, digits and dots: `domainToASCII` would also take escapes, ports and paths apart. */
const DOMAIN = /^[\p{L}\p{M}\p{N}.。．｡-]+$/u;
/** Characters that nobody sees, which `domainToASCII` would drop. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/u;

/** A domain in the form of the DNS; "" when it is none. ASCII stays as it is. */
function toAscii(domain: string): string {
  if (!/[^\0-\x7f]/.test(domain)) return domain;
  if (domain.length > MAX_WRITTEN || !DOMAIN.test(domain) || UNSEEN.test(domain)) return "";
  return domain.split(/[.。．｡]/).some(isMixed) ? "" : domainToASCII(domain);
}

const TOGETHER = String.raw`\p{scx=Latin}\p{scx=Hangul}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}`;
const ONE_OF_THEM = new RegExp(`[\\p{L}&&[${TOGETHER}]]`, "v");
const ANY_OTHER = new RegExp(`[\\p{L}--[${TOGETHER}]]`, "v");

/**
 * Whether scripts are mixed that only stand together to imitate another name (exаmple with a Cyrillic а).
 * Others are mixed in real names (삼성sds).
 */
function isMixed(label: string): boolean {
  if (/\p{sc=Cyrillic}/u.test(label) && /\p{sc=Greek}/u.test(label)) return true;
  return ONE_OF_THEM.test(label) && ANY_OTHER.test(label);
}
