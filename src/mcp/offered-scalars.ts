import { isCount, type Keywords } from "./json-schema-values.ts";
import { typeOfValue, valuesOf } from "./offered-flatten.ts";
import {
  commonNotes,
  describe,
  isPlainPattern,
  numberNotes,
  patternNote,
  valueNote,
} from "./offered-text.ts";
import type { SchemaType } from "./schema-types.ts";

/**
 * A schema in the form that every provider takes: one type, or several schemas with one each, and few
 * keywords.
 */
export type Form = Readonly<Record<string, unknown>>;

export interface Limits {
  /** Objects and lists within each other. */
  depth: number;
  /** Longest description, in characters. */
  text: number;
}

/** Most values of an enumeration. */
const MAX_VALUES = 200;

/** Bounds that are larger say nothing to a model, and overflow somewhere. */
const MAX_COUNT = 1_000_000;

/** The form with what a model should read beside it. */
export function described(form: Form, schema: Keywords, notes: readonly string[], { text }: Limits): Form {
  const description = describe(schema, [...notes, ...commonNotes(schema)], text);
  if (description === undefined) return form;
  // Beside `anyOf` nothing may stand.
  if (!Array.isArray(form.anyOf)) return { ...form, description };
  return { anyOf: form.anyOf.map((each: Form) => ({ description, ...each })) };
}

/** Those of a schema's keywords that count something. */
export function counts(flat: Keywords, ...keys: string[]): Form {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = flat[key];
      return isCount(value) && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT
        ? [[key, value]]
        : [];
    }),
  );
}

/** The form of texts, numbers and booleans. */
export function scalarForm(flat: Keywords, type: SchemaType, limits: Limits): Form {
  const values = valuesOf(flat).filter((value) => value !== null);
  if (type === "string") return stringForm(flat, values, limits);
  const own = values.filter((value) => type === typeOfValue(value) || (type === "number" && isCount(value)));
  const notes = [...valueNote(own.length > 0 ? own : values), ...numberNotes(flat, type)];
  const bounds = type === "boolean" ? {} : numberBounds(flat, type);
  return described({ type, ...bounds }, flat, notes, limits);
}

function stringForm(flat: Keywords, values: readonly unknown[], limits: Limits): Form {
  const { pattern, format } = flat;
  const texts = [
    ...new Set(values.filter((value) => typeof value === "string").map((text) => text.toWellFormed())),
  ];
  // Providers refuse an empty one.
  const isListed = texts.length > 0 && texts.length <= MAX_VALUES && !texts.includes("");
  const isPlain = typeof pattern === "string" && isPlainPattern(pattern);
  const isKnown = format === "date-time";
  const notes = [
    ...(isListed ? [] : valueNote(values)),
    ...(isPlain ? [] : patternNote(pattern)),
    ...(typeof format === "string" && !isKnown ? [`format: ${format}`] : []),
  ];
  const form = {
    type: "string",
    ...(isListed ? { enum: texts } : {}),
    ...counts(flat, "minLength", "maxLength"),
    ...(isPlain ? { pattern } : {}),
    ...(isKnown ? { format } : {}),
  };
  return described(form, flat, notes, limits);
}

function numberBounds(
  { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Keywords,
  type: SchemaType,
): Form {
  const isWhole = type === "integer";
  const least = isWhole && Number.isSafeInteger(exclusiveMinimum) ? Number(exclusiveMinimum) + 1 : minimum;
  const most = isWhole && Number.isSafeInteger(exclusiveMaximum) ? Number(exclusiveMaximum) - 1 : maximum;
  return {
    ...(isBound(least) ? { minimum: least } : {}),
    ...(isBound(most) ? { maximum: most } : {}),
  };
}

/** JSON has no infinity, and what is not exact says something else when it is written. */
function isBound(value: unknown): boolean {
  return isCount(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}
