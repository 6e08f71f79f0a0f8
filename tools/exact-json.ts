/**
 * JSON.parse that never changes a number. One whose value JavaScript cannot hold (2512292042121000001, 1e400,
 * more digits than a double has) becomes its text: a string of the same digits. The spelling may differ (1.0,
 * 1e2), and so may the last digits between the shortest and the 17-digit spelling of one double.
 *
 * @throws SyntaxError as JSON.parse does
 */
export function exactJson(text: string): unknown {
  return mayLoseNumbers(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
}

/**
 * Whether a text may have such a number; false is certain. With a reviver parsing takes several times as
 * long, and hardly any text has such a number.
 */
export function mayLoseNumbers(text: string): boolean {
  return LONG_NUMBER.test(text);
}

/**
 * Any double holds up to 15 digits, and exponents of up to two digits. Digits inside texts may match as well.
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

/**
 * In one pass: a regular expression that only anchors at the end would look at every zero again and again.
 */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

declare global {
  interface JSON {
    /** Part of the language, and not in TypeScript's types yet: JSON.stringify writes the text as it is. */
    rawJSON(text: string): unknown;
  }
}

/** A value that JSON.stringify writes as the number which a kept text stands for. */
export function numberOf(kept: string): unknown {
  return JSON.rawJSON(kept);
}

/** Whether a text is the JSON number that `exactJson` has kept as text. */
export function isKeptNumber(text: string): boolean {
  return text.length <= MAX_NUMBER && NUMBER.test(text) && !isExact(text, Number(text));
}

const MAX_NUMBER = 400;
