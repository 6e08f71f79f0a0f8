/** Where a text stops being JSON that can be used. */
export interface JsonFault {
  /** From 1, as editors count. */
  line: number;
  column: number;
  /** What stands there, to the end of its line; empty at the end of the text. */
  rest: string;
}

/** Levels of lists and objects at most: no call has more, and everything after this reads recursively. */
const DEEPEST = 500;

const BLANKS = /[ \t\n\r]*/y;
/** One token: a sign, a number or a word. */
const TOKEN = /[{}[\],:]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** A part of a string: an expression for all of it would run out of stack on a long one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON's strings hold none of them as they are
const IN_STRING = /[^"\\\u0000-\u001f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Expected = "value" | "first item" | "key" | "first key" | "colon" | "next" | "nothing";

/**
 * The first place at which a text cannot be read as JSON; null when all of it can. JSON.parse says it of some
 * faults only. A number that is too large for a number is a fault as well: it would be sent as null.
 */
export function findJsonFault(text: string): JsonFault | null {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = endOf(BLANKS, text, at) ?? at;
    const end = text[at] === '"' ? endOfString(text, at + 1) : endOf(TOKEN, text, at);
    const next: Expected | null = end === null ? null : step(expected, text.slice(at, end), open);
    if (end === null || next === null || open.length > DEEPEST) break;
    at = end;
    expected = next;
  }
  return expected === "nothing" && at === text.length ? null : faultAt(text, at);
}

/** Where what an expression matches at a place ends; null when it does not match there. */
function endOf(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

/** @param at behind its opening quotation mark */
function endOfString(text: string, at: number): number | null {
  for (let end: number | null = at; end !== null; end = endOf(IN_STRING, text, end)) {
    if (text[end] === '"') return end + 1;
  }
  return null;
}

/** What may follow a token; null when the token may not stand here. */
function step(expected: Expected, token: string, open: string[]): Expected | null {
  const after = () => (open.length === 0 ? "nothing" : "next");
  const close = () => {
    open.pop();
    return after();
  };
  switch (expected) {
    case "value":
    case "first item":
      if (token === "]" && expected === "first item") return close();
      if (token === "{" || token === "[") {
        open.push(token);
        return token === "{" ? "first key" : "first item";
      }
      if ("}],:".includes(token) || (/^[-\d]/.test(token) && !Number.isFinite(Number(token)))) return null;
      return after();
    case "key":
    case "first key":
      if (token === "}" && expected === "first key") return close();
      return token.startsWith('"') ? "colon" : null;
    case "colon":
      return token === ":" ? "value" : null;
    case "next": {
      const inObject = open.at(-1) === "{";
      if (token === ",") return inObject ? "key" : "value";
      return token === (inObject ? "}" : "]") ? close() : null;
    }
    case "nothing":
      return null;
  }
}

function faultAt(text: string, place: number): JsonFault {
  const lines = text.slice(0, place).split(/\r\n|\r|\n/);
  const rest = /^[^\r\n]*/.exec(text.slice(place))?.[0] ?? "";
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1, rest };
}
