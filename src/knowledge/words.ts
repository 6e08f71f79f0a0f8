/** What a text is searched by: pieces of its words, so that a part of a word finds it. */

/** Characters of a script that writes words together: Korean endings, Japanese and Chinese without spaces. */
const CJK = String.raw`[\p{scx=Hangul}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]`;
const CHARACTER = String.raw`[\p{L}\p{M}\p{N}]`;
/** `2026년` is two words: whoever looks for either finds it. */
const WORDS = new RegExp(`[${CHARACTER}&&${CJK}]+|[${CHARACTER}--${CJK}]+`, "gv");
const IS_CJK = new RegExp(`^${CJK}`, "v");

/** Characters of a piece: two Korean syllables say about as much as three letters. */
const CJK_LENGTH = 2;
const LENGTH = 3;

/** Whether a word is of such a script. */
export function isCjk(word: string): boolean {
  return IS_CJK.test(word);
}

/** The words of a text in lower case, without what stands between them. */
export function searchWords(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(WORDS) ?? [];
}

/**
 * The different pieces of all words: every two syllables or three letters in a row; a shorter word is one
 * piece.
 */
export function piecesOf(text: string): string[] {
  const pieces = new Set<string>();
  for (const word of searchWords(text)) {
    const characters = [...word];
    const length = Math.min(isCjk(word) ? CJK_LENGTH : LENGTH, characters.length);
    for (let from = 0; from + length <= characters.length; from += 1) {
      pieces.add(characters.slice(from, from + length).join(""));
    }
  }
  return [...pieces];
}
