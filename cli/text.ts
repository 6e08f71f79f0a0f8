import { eastAsianWidth } from "get-east-asian-width";

const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff\u{e0000}-\u{e007f}]/gu;

/**
 * Text of a mail, a tool or a model as a terminal may show it: control characters, escape sequences and what
 * reverses the direction of writing are made visible instead of working. Line feeds stay, tabs become spaces;
 * Hangul is composed, so that its width is known.
 */
export function harmless(text: string): string {
  return text
    .toWellFormed()
    .normalize("NFC")
    .replaceAll("\r\n", "\n")
    .replaceAll("\t", "    ")
    .replace(INVISIBLE, (character) => (character === "\n" ? character : visible(character)));
}

/** The same in one line. Blanks are looked at once, and not from each of them on. */
export function harmlessLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, (blanks) => (blanks.includes("\n") ? " " : blanks));
}

/** A value of any kind in one line, harmless as well. */
export function oneLine(value: unknown): string {
  return harmlessLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

/** Joiners and colours inside a picture hide nothing. */
const IN_EMOJI =
  "(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})" +
  "|(?<=\\p{Extended_Pictographic})\\ufe0f|(?<=[0-9#*])\\ufe0f(?=\\u20e3)";
const HIDDEN = new RegExp(`(?!${IN_EMOJI})[\\p{Cf}\\p{Default_Ignorable_Code_Point}]`, "gu");

/** Harmless, and with what has no width made visible as well: for text that somebody is about to approve. */
export function nothingHidden(text: string): string {
  return harmless(text).replace(HIDDEN, visible);
}

/** JSON whose text cannot act on a terminal either: what JSON leaves unescaped of it is escaped. */
export function harmlessJson(value: unknown, indent = 0): string {
  const json = JSON.stringify(value, null, indent);
  return json.replace(INVISIBLE, (character) => (character === "\n" ? character : escaped(character)));
}

/** JSON to edit by hand: nothing in it acts on a terminal, and what has no width is seen as its escape. */
export function openJson(value: unknown): string {
  return harmlessJson(value, 2).replace(HIDDEN, escaped);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
}

const ASCII = /^[ -~]*$/;
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u;
const EMPTY = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that a line takes in a terminal: two for Korean, Chinese, Japanese and emoji. */
export function widthOf(line: string): number {
  if (ASCII.test(line)) return line.length;
  let width = 0;
  for (const { segment } of graphemes.segment(line)) width += widthOfGrapheme(segment);
  return width;
}

/** Never more than two: what follows a grapheme's first character stands above, below or inside of it. */
function widthOfGrapheme(segment: string): number {
  if (EMPTY.test(segment)) return 0;
  return EMOJI.test(segment) ? 2 : eastAsianWidth(segment.codePointAt(0) ?? 0);
}

/** The line, or as much of its beginning as fits into so many columns with `…` after it. */
export function clip(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const { head } = splitAt(line, Math.max(0, columns - 1));
  return `${head.trimEnd()}…`;
}

/** The line, or as much of its end as fits into so many columns with `…` before it. */
export function clipStart(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let width = 1;
  let start = line.length;
  for (const { segment, index } of [...graphemes.segment(line)].reverse()) {
    width += widthOfGrapheme(segment);
    if (width > columns) break;
    start = index;
  }
  return `…${line.slice(start)}`;
}

/**
 * Rows of at most so many columns, broken at spaces where there are any. The last row is what more text would
 * be appended to: wrapping it again with that text gives the same rows as wrapping everything at once.
 */
export function wrap(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, Math.max(2, columns)));
}

/** One look at each character: a mail's body may be one line of 100,000. */
function wrapLine(line: string, columns: number): string[] {
  const rows: string[] = [];
  /** The row's beginning, its width so far, and its last space with the width up to and with it. */
  let row = { from: 0, width: 0, space: 0, spaceWidth: 0 };
  const breakAt = (end: number, next: number, width: number) => {
    rows.push(line.slice(row.from, end));
    row = { from: next, width, space: next, spaceWidth: 0 };
  };
  for (const { segment, index } of graphemes.segment(line)) {
    const width = widthOfGrapheme(segment);
    if (row.width + width > columns) {
      if (segment === " ") {
        breakAt(index, index + 1, 0);
        continue;
      }
      if (row.space > row.from) breakAt(row.space, row.space + 1, row.width - row.spaceWidth);
      if (row.width + width > columns) breakAt(index, index, 0);
    }
    row.width += width;
    if (segment === " ") row = { ...row, space: index, spaceWidth: row.width };
  }
  return [...rows, line.slice(row.from)];
}

function splitAt(line: string, columns: number): { head: string; tail: string } {
  let width = 0;
  for (const { segment, index } of graphemes.segment(line)) {
    width += widthOfGrapheme(segment);
    if (width > columns) return { head: line.slice(0, index), tail: line.slice(index) };
  }
  return { head: line, tail: "" };
}
