/**
 * JSON.parse that never changes a number. One whose value JavaScript cannot hold (2512292042121000001, 1e400,
 * more digits than a double has) becomes its text: a string of the same digits. How a number is spelled is
 * free (1.0, 1e2), and so are the digits by which the shortest and the longest usual spellings of one double
 * differ.
 *
 * @throws SyntaxError as JSON.parse does
 */
export function exactJson(text: string): unknown {
  return mayLoseNumbers(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
}

/**
 * The reviver costs several times the parsing, and nearly no text has such a number. False only when it
 * surely has none.
 */
export function mayLoseNumbers(text: string): boolean {
  return LONG_NUMBER.test(text);
}

/**
 * Up to 15 digits any double holds, and up to two digits of exponent. Digits within texts may look like one.
 */
const LONG_NUMBER = /[0-9][0-9.]{15}|[0-9][eE][+-]?[0-9]{3}/;

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value !== "number" || source === undefined || isExact(source, value) ? value : source;
}

/** Whether a JSON number's text names the double that it is read as. */
function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const named = decimal(source);
  return named === decimal(String(value)) || named === decimal(value.toPrecision(17));
}

/** The digits without zeros around them, and the power of ten of the last: equal for equal numbers. */
function decimal(source: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = NUMBER.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  if (digits === "") return "0";
  const significant = withoutTrailingZeros(digits);
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/** In one pass: a regular expression that is bound to the end alone looks at every zero again and again. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

declare global {
  interface JSON {
    /** Of the language, and not in TypeScript's types yet: what JSON.stringify writes as it is. */
    rawJSON(text: string): unknown;
  }
}

/** What JSON.stringify writes as the number that a kept text stands for. */
export function numberOf(kept: string): unknown {
  return JSON.rawJSON(kept);
}

/** Whether a text is the JSON number that `exactJson` has kept as text. */
export function isKeptNumber(text: string): boolean {
  return text.length <= MAX_NUMBER && NUMBER.test(text) && !isExact(text, Number(text));
}

const MAX_NUMBER = 400;
