/** A schema, or whatever else a server has put in its place. */
export type Keywords = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Keywords {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return typeof value === "number";
}

export function numberProblem(schema: Keywords, value: number): string | null {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  // In draft 4 they are flags of the other two.
  if (exclusiveMinimum === true && isCount(minimum) && value <= minimum) return `must be above ${minimum}`;
  if (exclusiveMaximum === true && isCount(maximum) && value >= maximum) return `must be below ${maximum}`;
  if (isCount(minimum) && value < minimum) return `must be at least ${minimum}`;
  if (isCount(maximum) && value > maximum) return `must be at most ${maximum}`;
  if (isCount(exclusiveMinimum) && value <= exclusiveMinimum) return `must be above ${exclusiveMinimum}`;
  if (isCount(exclusiveMaximum) && value >= exclusiveMaximum) return `must be below ${exclusiveMaximum}`;
  if (isCount(multipleOf) && !isMultiple(value, multipleOf)) return `must be a multiple of ${multipleOf}`;
  return null;
}

/** 0.3 is a multiple of 0.1, although no division of the two says so. */
function isMultiple(value: number, of: number): boolean {
  if (of <= 0) return false;
  const ratio = value / of;
  return Math.abs(ratio - Math.round(ratio)) <= 1e-9 * Math.max(1, Math.abs(ratio));
}

export function textProblem({ minLength, maxLength, format }: Keywords, value: string): string | null {
  if (isCount(minLength) || isCount(maxLength)) {
    const length = codePoints(value);
    if (isCount(minLength) && length < minLength) return `must have at least ${minLength} characters`;
    if (isCount(maxLength) && length > maxLength) return `must have at most ${maxLength} characters`;
  }
  const isFormatted = typeof format === "string" ? FORMATS.get(format) : undefined;
  return isFormatted === undefined || isFormatted(value) ? null : `must be a ${String(format)}`;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** Each in linear time; formats that are not here say something to the model and are not checked. */
const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["date", (text) => DATE.test(text) && !Number.isNaN(Date.parse(text))],
  ["time", (text) => TIME.test(text)],
  [
    "date-time",
    (text) => /^[tT ]$/.test(text.charAt(10)) && DATE.test(text.slice(0, 10)) && TIME.test(text.slice(11)),
  ],
  ["email", (text) => text.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(text)],
  ["uri", (text) => URL.canParse(text)],
  ["url", (text) => URL.canParse(text)],
  ["uuid", (text) => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text)],
  [
    "ipv4",
    (text) => /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255),
  ],
]);

/** The same text for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}
