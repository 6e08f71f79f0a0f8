import { z } from "zod";

// A schema of this package says exactly what is written. What is read may come from a newer version, so a
// reader must let through what it does not know. Both come from the one definition: readers are derived here.

/** Sets of words that have grown and will grow: a reader takes a word that it does not know. */
const growing = new WeakSet<object>();

/** Marks an enumeration whose newer words every reader lets through, also `loose`. */
export function mayGrow<E extends z.ZodEnum>(words: E): E {
  growing.add(words);
  return words;
}

/**
 * How a process reads what its own service has written (a stored event, a saved document): fields that it
 * does not know pass and are kept, unknown words of an enumeration are refused unless it may grow. The type
 * stays the exact one, because nothing can be done with a field that has no name here.
 */
export function loose<S extends z.ZodType>(schema: S): S {
  // The clone differs from S in what it lets through beside it, not in the type of what is named.
  return loosen(schema, "only growing") as S;
}

/**
 * How a client reads answers: fields that it does not know pass and are kept, and every enumeration is a
 * text.
 */
export function open<S extends z.ZodType>(schema: S): Open<S> {
  return loosen(schema, "all") as Open<S>;
}

/** The schema that `open` makes of S. */
export type Open<S> =
  S extends z.ZodEnum<infer Words>
    ? z.ZodType<Words[keyof Words] | (string & {})>
    : S extends z.ZodObject<infer Shape, infer Config>
      ? z.ZodObject<{ [Key in keyof Shape]: Open<Shape[Key]> }, Config>
      : S extends z.ZodArray<infer Item>
        ? z.ZodArray<AsSchema<Open<Item>>>
        : S extends z.ZodExactOptional<infer Inner>
          ? z.ZodExactOptional<AsSchema<Open<Inner>>>
          : S extends z.ZodNullable<infer Inner>
            ? z.ZodNullable<AsSchema<Open<Inner>>>
            : S extends z.ZodUnion<infer Options>
              ? z.ZodUnion<{ [Index in keyof Options]: AsSchema<Open<Options[Index]>> }>
              : S;

type AsSchema<S> = S extends z.core.SomeType ? S : never;

type OpenWords = "all" | "only growing";

/** Rebuilds a schema from the inside. Whatever holds no object and no enumeration stays the same instance. */
function loosen(schema: z.core.$ZodType, words: OpenWords): z.core.$ZodType {
  const inner = (each: z.core.$ZodType) => loosen(each, words);
  if (schema instanceof z.ZodEnum) return words === "all" || growing.has(schema) ? z.string() : schema;
  if (schema instanceof z.ZodObject) {
    const { def } = schema;
    const shape = Object.fromEntries(Object.entries(schema.shape).map(([key, each]) => [key, inner(each)]));
    // Only what was exact becomes loose: a plain z.object drops what it does not know on purpose.
    const isStrict = def.catchall instanceof z.ZodNever;
    return schema.clone({ ...def, shape, ...(isStrict ? { catchall: z.unknown() } : {}) });
  }
  if (schema instanceof z.ZodArray)
    return schema.clone({ ...schema.def, element: inner(schema.def.element) });
  if (schema instanceof z.ZodUnion) {
    return schema.clone({ ...schema.def, options: schema.def.options.map(inner) });
  }
  if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodOptional) {
    const innerType = inner(schema.def.innerType);
    // A clone would lose its description.
    return innerType === schema.def.innerType ? schema : schema.clone({ ...schema.def, innerType });
  }
  if (schema instanceof z.ZodNullable) {
    const innerType = inner(schema.def.innerType);
    return innerType === schema.def.innerType ? schema : schema.clone({ ...schema.def, innerType });
  }
  return schema;
}
