import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTime } from "../../encoding/time.ts";

const NOON = Date.UTC(2024, 0, 16, 3);
/** Without a zone a time is the process's own. */
const local = (ms = 0, s = 0) => new Date(2024, 0, 16, 12, 0, s, ms).getTime();

test.each<[unknown, number]>([
  // java.time as texts
  ["2024-01-16T12:00:00", local()],
  ["2024-01-16T12:00", local()],
  ["2024-01-16 12:00:00", local()],
  ["2024-01-16 12:00:00.5", local(500)],
  ["2024-01-16 12:00:00,123", local(123)],
  ["2024-01-16T12:00:00.123456789", local(123)],
  ["2024-01-16T03:00:00Z", NOON],
  ["2024-01-16T03:00:00z", NOON],
  ["2024-01-16t12:00:00+09:00", NOON],
  ["2024-01-16T12:00:00+0900", NOON],
  ["2024-01-16T12:00:00.000+0900", NOON],
  ["2024-01-16T12:00:00+09", NOON],
  ["2024-01-16 12:00:00 +0900", NOON],
  ["2024-01-15T22:30:00-04:30", NOON],
  ["2024-01-16T12:00:00+09:00[Asia/Seoul]", NOON],
  ["2024-01-16T12:00+09:00[Asia/Seoul]", NOON],
  ["2024-01-16T03:00:00Z[UTC]", NOON],
  ["2024-01-16T03:00:00Z[Etc/GMT+0]", NOON],
  ["2024-01-16 03:00:00 UTC", NOON],
  ["  2024-01-16T03:00:00Z\n", NOON],
  ["20240116120000", local()],
  ["20240116T120000", local()],
  ["2024-01-15T24:00:00Z", Date.UTC(2024, 0, 16)],
  // Jackson's arrays
  [[2024, 1, 16, 12, 0, 0, 123_000_000], local(123)],
  [[2024, 1, 16, 12, 0, 30], local(0, 30)],
  [[2024, 1, 16, 12, 0], local()],
  // and with nanoseconds switched off
  [[2024, 1, 16, 12, 0, 0, 123], local(123)],
  // Instants
  [1_706_152_860, 1_706_152_860_000],
  [1_706_152_860.123, 1_706_152_860_123],
  ["1706152860.123000000", 1_706_152_860_123],
  ["1706152860", 1_706_152_860_000],
  [1_706_152_860_123, 1_706_152_860_123],
  ["1706152860123", 1_706_152_860_123],
])("%j is a time", (value, ms) => {
  expect(readTime(value)).toBe(ms);
});

test.each<[unknown]>([
  [undefined],
  [null],
  [true],
  [{}],
  [""],
  ["now"],
  ["2024"],
  ["2024-01-16"],
  ["12:00:00"],
  ["2024-13-16T12:00:00"],
  ["2024-02-30T12:00:00"],
  ["2024-01-16T25:00:00"],
  ["2024-01-16T24:00:01Z"],
  ["2024-01-16T12:60:00"],
  ["2024-01-16T12:00:00+99:00"],
  ["2024-01-16T12:00:00[Asia/Seoul]"],
  ["2024-01-16T12:00:00+09:00[Asia/Seoul"],
  ["2024-01-16T12:00:00+09:00[<script>]"],
  ["0071-01-16T12:00:00Z"],
  ["20241316120000"],
  ["1706152860."],
  ["1e9"],
  ["0x65B1A2DC"],
  [0],
  [-1],
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [1e18],
  [[]],
  [[2024]],
  [[2024, 1, 16]],
  [[2024, 13, 1, 0, 0]],
  [[2024, 2, 30, 0, 0]],
  [[2024, 1, 16, 24, 0]],
  [[2024, 1, 16, 12, 0, 0, 1_000_000_000]],
  [[2024, 1, 16, 12, 0, 0, 0, 0]],
  [[2024, 1, 16, 12, 0.5]],
  [["2024", 1, 16, 12, 0]],
  [[1_706_152_860]],
])("%j is none", (value) => {
  expect(readTime(value)).toBeNull();
});

const two = (value: number) => String(value).padStart(2, "0");

describe("whatever comes", () => {
  test("an instant is the same in every form in which Java writes it", () => {
    const instant = fc.date({
      min: new Date("1973-04-01"),
      max: new Date("2100-01-01"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, fc.integer({ min: -18 * 60, max: 18 * 60 }), (date, offset) => {
        const ms = date.getTime();
        const there = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        const sign = offset < 0 ? "-" : "+";
        const [hours, minutes] = [two(Math.floor(Math.abs(offset) / 60)), two(Math.abs(offset) % 60)];
        for (const form of [
          ms,
          `${ms}`,
          ms / 1000,
          `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}000000`,
          date.toISOString(),
          `${there}${sign}${hours}:${minutes}`,
          `${there}${sign}${hours}${minutes}`,
          `${there.replace("T", " ")}${sign}${hours}:${minutes}[Some/Zone]`,
        ]) {
          expect([form, readTime(form)]).toEqual([form, ms]);
        }
        const fields = [
          date.getFullYear(),
          date.getMonth() + 1,
          date.getDate(),
          date.getHours(),
          date.getMinutes(),
        ];
        const array = [...fields, date.getSeconds(), date.getMilliseconds() * 1_000_000];
        // An hour that the clocks go through twice names two instants.
        const named = new Date(
          ...([fields[0], date.getMonth(), ...fields.slice(2)] as [number, number]),
        ).getTime();
        expect(readTime(array)).toBe(named + date.getSeconds() * 1000 + date.getMilliseconds());
      }),
    );
  });

  test("a time is one that a Date can name, and nothing else is thrown at anybody", () => {
    const mutated = fc
      .tuple(
        fc.constantFrom("2024-01-16T12:00:00.123+09:00[Asia/Seoul]", "1706152860.123000000"),
        fc.nat(40),
        fc.string({ maxLength: 4 }),
      )
      .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + put.length));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated, fc.array(fc.double()), fc.double()), (value) => {
        const ms = readTime(value);
        if (ms === null) return;
        expect(Number.isSafeInteger(ms) && ms > 0).toBe(true);
        expect(new Date(ms).getUTCFullYear()).toBeLessThanOrEqual(9999);
      }),
      { numRuns: 2_000 },
    );
    for (const text of ["1".repeat(1_000_000), `2024-01-16T12:00:00${" ".repeat(1_000_000)}x`]) {
      expect(readTime(text)).toBeNull();
    }
  });
});
