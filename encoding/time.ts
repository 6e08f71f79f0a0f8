/** Seconds until the year 5138, milliseconds from 1973 on. */
const FIRST_MS = 100_000_000_000;
/** The end of the year 9999. */
const LAST_MS = 253_402_300_799_999;

const MAX_CHARS = 100;

const EPOCH = /^\d{9,16}(?:\.\d{1,9})?$/;

/**
 * A date and a time, whatever stands between them, and then a zone or none; a zone's name adds nothing to its
 * offset.
 */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)(?:\[[\w/+:-]{1,60}\])?)?$/i;
/** Without separators it is no number of milliseconds, though it looks like one. */
const COMPACT = /^((?:19|20)\d\d)(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)$/i;

/**
 * A time as Java services write it, in Unix ms; null when it is none. Texts of java.time
 * (`2024-01-16T12:00:00`, with a space, `+0900`, `[Asia/Seoul]`), Jackson's arrays
 * (`[2024,1,16,12,0,0,123000000]`) and instants in seconds or milliseconds (`1706152860.123000000`). What has
 * no zone is in the process's own. Never throws, whatever the value is.
 */
export function readTime(value: unknown): number | null {
  const ms = Math.round(msOf(value) ?? Number.NaN);
  return ms > 0 && ms <= LAST_MS ? ms : null;
}

function msOf(value: unknown): number | null {
  if (typeof value === "number") return ofEpoch(value);
  if (Array.isArray(value)) return ofArray(value);
  if (typeof value !== "string" || value.length > MAX_CHARS) return null;
  const text = value.trim();
  const fields = DATE_TIME.exec(text) ?? COMPACT.exec(text);
  if (fields !== null) return ofFields(fields);
  return EPOCH.test(text) ? ofEpoch(Number(text)) : null;
}

function ofEpoch(value: number): number {
  return value < FIRST_MS ? value * 1000 : value;
}

function ofFields([, year, month, day, hour, minute, second = "0", fraction = "", zone]: RegExpExecArray) {
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3));
  return ofNumbers([year, month, day, hour, minute, second].map(Number), ms, offsetMinutes(zone));
}

/** Jackson leaves out seconds that are 0, and writes the fraction in ns, or in ms where it is told to. */
function ofArray(value: readonly unknown[]): number | null {
  const numbers = value.filter((each): each is number => typeof each === "number" && Number.isInteger(each));
  if (numbers.length !== value.length || value.length < 5 || value.length > 7) return null;
  const [year, month, day, hour = 24, minute, second = 0, fraction = 0] = numbers;
  // Only texts may call the end of a day 24:00.
  if (hour > 23 || fraction < 0 || fraction > 999_999_999) return null;
  const ms = fraction < 1000 ? fraction : Math.floor(fraction / 1_000_000);
  return ofNumbers([year, month, day, hour, minute, second].map(Number), ms, undefined);
}

/** @param offset minutes before UTC; undefined in the process's zone, NaN for none that there is */
function ofNumbers(numbers: readonly number[], ms: number, offset: number | undefined): number | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  const isDay = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  const isClock = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
  const isMidnight = hour === 24 && minute === 0 && second === 0 && ms === 0;
  if (!isDay || !(isClock || isMidnight)) return null;
  if (offset === undefined) return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - offset * 60_000;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  const offset = Number(hours) * 60 + Number(minutes);
  // The farthest that java.time knows.
  if (offset > 18 * 60 || Number(minutes) > 59) return Number.NaN;
  return sign === "-" ? -offset : offset;
}
