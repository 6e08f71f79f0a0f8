import { isFunctionWord, stemOf } from "./function-words.ts";
import { isCjk, piecesOf, searchWords } from "./words.ts";

/** A query, taken apart into words. */
export interface WordQuery {
  /** For the index of words; empty when there is nothing to look for. */
  pieces: string[];
  /** The words that say what about, without their particles; empty when there are ids alone. */
  words: string[];
  /** Ids, numbers and addresses as they are written, in lower case: nothing else will do in their place. */
  exact: string[];
  /** The share of the query that a text has, from 0 to 1. */
  share(text: string): number;
}

/** The least share of a query's words that makes a text relevant (decision 61). */
export const RELEVANT_SHARE = 0.34;

/**
 * What holds a digit or an @, joined by what joins the parts of ids: `ORD-88231`, `kim@example.com`, `4.2.0`.
 */
const EXACT = /[a-z0-9]+(?:[-_.@:/][a-z0-9]+)+/g;
const MAX_WORDS = 32;

export function readQuery(query: string): WordQuery {
  const text = query.normalize("NFKC").toLowerCase();
  const exact = [...new Set(text.match(EXACT) ?? [])]
    .filter((each) => /[0-9@]/.test(each))
    .slice(0, MAX_WORDS);
  const others = exact.reduce((left, each) => left.replaceAll(each, " "), text);
  const all = [...new Set(searchWords(others))]
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, MAX_WORDS);
  const telling = all.filter((word) => !isFunctionWord(word) && !isFunctionWord(stemOf(word)));
  // Who looks for `mails` alone looks for that word.
  const words = telling.length > 0 || exact.length > 0 ? telling : all;
  const terms = [
    ...words.map((word) => ({ weight: weightOf(word), found: finderOf(word) })),
    ...exact.map((each) => ({ weight: 2, found: (text: Text) => (hasExactly(text.whole, each) ? 1 : 0) })),
  ];
  const sum = terms.reduce((total, { weight }) => total + weight, 0);
  return {
    pieces: piecesOf([...words.map(stem), ...exact].join(" ")),
    words: words.map(stem),
    exact,
    share(of) {
      if (sum === 0) return 0;
      const read = readText(of);
      return terms.reduce((total, { weight, found }) => total + weight * found(read), 0) / sum;
    },
  };
}

/** `ord-88` is not in `ord-881`, and `4.2.0` is in `v4.2.0`. */
function hasExactly(text: string, id: string): boolean {
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1)) {
    if (!goesOn(text[at - 1], id[0]) && !goesOn(id.at(-1), text[at + id.length])) return true;
  }
  return false;
}

function goesOn(before = "", after = ""): boolean {
  return /^(?:\d\d|[a-z]{2})$/.test(before + after);
}

interface Text {
  whole: string;
  words: readonly string[];
  /** All words with a space before and after each. */
  spaced: string;
  /** The same without a space: Korean writes compounds together or apart. */
  joined: string;
}

function readText(text: string): Text {
  const whole = text.normalize("NFKC").toLowerCase();
  const words = [...new Set(searchWords(text))];
  return { whole, words, spaced: ` ${words.join(" ")} `, joined: searchWords(text).join("") };
}

const stem = (word: string) => (isCjk(word) ? stemOf(word) : word);

/** Longer words say more. */
function weightOf(word: string): number {
  const { length } = stem(word);
  if (isCjk(word)) return Math.min(length, 4) / 2;
  return length < 3 ? 0.5 : Math.min(length, 6) / 4;
}

function finderOf(word: string): (text: Text) => number {
  return isCjk(word) ? findCjk(stemOf(word)) : findLetters(word);
}

/** The least syllables of a term that is also found when it is written apart (APART), or in part (PARTLY). */
const APART = 3;
const PARTLY = 4;
const LEAST_PART = 0.6;

function findCjk(term: string): (text: Text) => number {
  if (term.length < 2) return ({ spaced }) => (spaced.includes(` ${term} `) ? 1 : 0);
  const pieces = piecesOf(term);
  return ({ spaced, joined }) => {
    if (spaced.includes(term) || (term.length >= APART && joined.includes(term))) return 1;
    if (term.length < PARTLY) return 0;
    const part = pieces.filter((piece) => spaced.includes(piece)).length / pieces.length;
    return part >= LEAST_PART ? part : 0;
  };
}

/**
 * The least letters of a term that is also found at the beginning of a word (PREFIX), inside of one (INSIDE),
 * or misspelt (MISSPELT).
 */
const PREFIX = 3;
const INSIDE = 4;
const MISSPELT = 5;
const ENDING = 3;
const LEAST_ALIKE = 0.75;

function findLetters(term: string): (text: Text) => number {
  const pairs = pairsOf(term);
  const isIt = (word: string) =>
    word === term ||
    (term.length >= PREFIX && word.startsWith(term)) ||
    (term.length >= INSIDE && word.includes(term)) ||
    // `invoices` for `invoice`.
    (word.length >= INSIDE && term.startsWith(word) && term.length - word.length <= ENDING);
  const isMisspelt = (word: string) =>
    word.length >= MISSPELT && word[0] === term[0] && alike(pairs, pairsOf(word)) >= LEAST_ALIKE;
  return ({ words }) => {
    if (words.some(isIt)) return 1;
    return term.length >= MISSPELT && !/\d/.test(term) && words.some(isMisspelt) ? LEAST_ALIKE : 0;
  };
}

function pairsOf(word: string): string[] {
  return Array.from({ length: word.length - 1 }, (_, at) => word.slice(at, at + 2));
}

/** Dice's coefficient. */
function alike(a: readonly string[], b: readonly string[]): number {
  return (2 * a.filter((pair) => b.includes(pair)).length) / (a.length + b.length);
}
