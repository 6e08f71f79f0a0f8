/**
 * Characters that join the parts of one emoji hide nothing: a family's joiners, a heart's colour, the box
 * around a digit.
 */
const IN_EMOJI =
  "(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})" +
  "|(?<=\\p{Extended_Pictographic})\\ufe0f|(?<=[0-9#*])\\ufe0f(?=\\u20e3)";

/**
 * Characters that nobody sees, or that change how the rest of a text is read: controls, format characters
 * (zero-width ones, those that turn the direction of writing, tags), line separators, halves of a pair,
 * fillers and variation selectors.
 */
const UNSEEN = "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Default_Ignorable_Code_Point}]";

const FIND_UNSEEN = new RegExp(`(?!${IN_EMOJI})${UNSEEN}`, "gu");

const LAYOUT: ReadonlySet<string> = new Set(["\n", "\r", "\t"]);

/**
 * One line of text in which nothing is hidden: a character that cannot be seen is replaced by its number,
 * `⟨U+202E⟩`.
 */
export function visible(text: string): string {
  return text.replace(FIND_UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** Text from outside within a sentence of ours: visible, and unable to end its quotation marks. */
export function inQuotes(text: string): string {
  return `"${visible(text).replaceAll(/["\\]/g, "\\$&")}"`;
}

/** How many characters of a text cannot be seen, line breaks and tabs not counted. */
export function countUnseen(text: string): number {
  let count = 0;
  for (const [character] of text.matchAll(FIND_UNSEEN)) if (!LAYOUT.has(character)) count += 1;
  return count;
}
