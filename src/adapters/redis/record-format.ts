import { z } from "zod";

/**
 * What Redis holds under a key is not a record that this version reads: damaged, or written by a newer one.
 * The message names key and fields, never values.
 */
export class RecordFormatError extends Error {
  readonly key: string;

  constructor(key: string, problem: string, cause?: unknown) {
    super(`${key} ${problem}`, cause === undefined ? {} : { cause });
    this.name = "RecordFormatError";
    this.key = key;
  }
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("is not JSON");
    return z.NEVER;
  }
});

/** A HASH field with JSON in it. */
export const jsonField = json;

/** A HASH field with a time in Unix ms. */
export const timeField = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number);

/** Fields of a HASH as HMGET answers them. */
export const hashFields = z.array(z.string().nullable());

/** Parses what Redis holds under `key`. Throws RecordFormatError. */
export function parseRecord<T>(schema: z.ZodType<T>, value: unknown, key: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new RecordFormatError(key, `cannot be read: ${problems.join("; ")}`);
}
