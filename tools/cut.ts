/**
 * The beginning of a text: at most `length` UTF-16 units, never half of a character, and well-formed in any
 * case.
 */
export function cut(text: string, length: number): string {
  return text.slice(0, isHalved(text, length) ? length - 1 : length).toWellFormed();
}

/** Whether the two halves of one character stand before and behind this place. */
function isHalved(text: string, at: number): boolean {
  return isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));
}

/** Whether the text ends with the first half of a character. */
export function endsHalf(text: string): boolean {
  return isHigh(text.charCodeAt(text.length - 1));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** The beginning of a text as `cut` makes it; where something is missing, "…" is its last character. */
export function cutWithDots(text: string, length: number): string {
  return text.length > length ? `${cut(text, length - 1)}…` : text;
}

/**
 * A value with every text and key in it as well-formed Unicode: half a character becomes U+FFFD. Returns the
 * same value where nothing was wrong.
 */
export function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  const json = JSON.stringify(value);
  // JSON.stringify escapes halves of characters. Any other \ud... in its output is a backslash of a text.
  if (!/\\ud[89a-f]/.test(json)) return value;
  return JSON.parse(json, (_key, each: unknown) => wellFormedEntry(each));
}

function wellFormedEntry(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((key) => key.isWellFormed())) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), each]));
}
