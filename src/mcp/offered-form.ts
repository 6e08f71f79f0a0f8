import { entries, list } from "./json-schema-check.ts";
import { isObject, type Keywords } from "./json-schema-values.ts";
import { flatten, merge, type Reading, typesAskedFor, valuesOf } from "./offered-flatten.ts";
import {
  offeredNames,
  type Restore,
  type RestoredKey,
  restoreAll,
  restoreItems,
  restoreObject,
} from "./offered-names.ts";
import { counts, described, type Form, type Limits, scalarForm } from "./offered-scalars.ts";
import { describe, valueNote } from "./offered-text.ts";
import { typesOf } from "./schema-types.ts";

/** A form, and how what a model writes by it is given back its server's names. */
interface Converted {
  form: Form;
  restore: Restore | undefined;
  /** The server takes null there, which not every provider can say. */
  isNullable: boolean;
}

/** Most branches of a choice. */
const MAX_BRANCHES = 20;

const ANY: Form = {
  anyOf: [
    { type: "string" },
    { type: "number" },
    { type: "boolean" },
    { type: "object", properties: {} },
    { type: "array", items: { type: "string" } },
  ],
};

const CUT_NOTE = "described no further";

/**
 * Null where no value fits.
 *
 * @throws TooMuchError when the reading may cost no more
 */
export function convert(reading: Reading, schema: unknown, limits: Limits, depth: number): Converted | null {
  if (depth >= limits.depth) return cutOff(schema, limits);
  const { schema: flat, leave } = flatten(reading, schema);
  const converted = flat === false ? null : convertFlat(reading, flat, limits, depth);
  leave();
  return converted;
}

function convertFlat(reading: Reading, flat: Keywords, limits: Limits, depth: number): Converted | null {
  const { types, isNullable } = typesAskedFor(flat);
  const branches = [...list(flat.anyOf), ...list(flat.oneOf)];
  const [type] = types;
  if (type === undefined && branches.length > 0) return choice(reading, flat, branches, limits, depth);
  if (type === "object" && types.length === 1) {
    const whole = withBranches(reading, flat, branches);
    return { ...objectForm(reading, whole, limits, depth), isNullable };
  }
  const { anyOf: _, oneOf: __, ...plain } = flat;
  if (types.length > 1) {
    const each = types.map((one) => ({ ...plain, type: one }));
    const chosen = choice(reading, {}, each, limits, depth);
    return chosen === null ? null : { ...chosen, isNullable };
  }
  if (type === "array") return { ...arrayForm(reading, plain, limits, depth), isNullable };
  const form = type === undefined ? anyForm(plain, limits) : scalarForm(plain, type, limits);
  return { form, restore: undefined, isNullable };
}

function anyForm(flat: Keywords, limits: Limits): Form {
  return takesNullOnly(flat)
    ? described({ type: "string" }, flat, ["always null"], limits)
    : described(ANY, flat, [], limits);
}

/** What is too deep: its type, and that there is more to it. Nothing is followed any more. */
function cutOff(schema: unknown, limits: Limits): Converted | null {
  if (schema === false) return null;
  const flat = isObject(schema) ? schema : {};
  const { types, isNullable } = typesAskedFor(flat);
  const [type] = types;
  const rest = type === "object" ? { properties: {} } : type === "array" ? { items: ANY } : {};
  const form = types.length === 1 ? { type, ...rest } : ANY;
  const isScalar = types.length === 1 && type !== "object" && type !== "array";
  const notes = isScalar ? [] : [CUT_NOTE];
  return { form: described(form, flat, notes, limits), restore: undefined, isNullable };
}

function choice(
  reading: Reading,
  flat: Keywords,
  branches: readonly unknown[],
  limits: Limits,
  depth: number,
): Converted | null {
  const taken = branches.slice(0, MAX_BRANCHES);
  const isNull = (each: unknown) =>
    isObject(each) && typesAskedFor(each).types.length === 0 && takesNullOnly(each);
  const others = taken.filter((each) => !isNull(each));
  const converted = others.flatMap((each) => convert(reading, each, limits, depth) ?? []);
  const isNullable =
    taken.some(isNull) || converted.some((each) => each.isNullable) || flat.nullable === true;
  if (converted.length === 0) {
    if (others.length > 0) return null;
    return { form: described(ANY, flat, [], limits), restore: undefined, isNullable };
  }
  const forms = converted.flatMap(({ form }) => (Array.isArray(form.anyOf) ? form.anyOf : [form]));
  const restore = restoreAll(converted.map((each) => each.restore));
  const one = oneOfAll(forms);
  return { form: described(one ?? { anyOf: forms }, flat, [], limits), restore, isNullable };
}

function takesNullOnly(schema: Keywords): boolean {
  const named = typesOf(schema) ?? [];
  const values = valuesOf(schema);
  const isEach = (all: readonly unknown[], only: unknown) =>
    all.length > 0 && all.every((each) => each === only);
  return isEach(named, "null") || isEach(values, null);
}

/** Several forms as one, where they are one: the same, or texts to choose from. */
function oneOfAll(forms: readonly Form[]): Form | null {
  const [first] = forms;
  if (first === undefined) return null;
  const texts = new Set(forms.map((form) => JSON.stringify(form)));
  if (texts.size === 1) return first;
  const areTexts = forms.every((form) => Array.isArray(form.enum) && Object.keys(form).length === 2);
  return areTexts ? { type: "string", enum: [...new Set(forms.flatMap((form) => list(form.enum)))] } : null;
}

/** An object's branches say what must be there together: the form has all that may be there. */
function withBranches(reading: Reading, flat: Keywords, branches: readonly unknown[]): Keywords {
  return branches.slice(0, MAX_BRANCHES).reduce<Keywords>((whole, branch) => {
    const { schema, leave } = flatten(reading, branch);
    leave();
    const properties = schema === false ? {} : optional(schema.properties);
    const merged = merge(whole, { properties });
    return merged === false ? whole : merged;
  }, flat);
}

function optional(properties: unknown): Keywords {
  return Object.fromEntries(
    entries(properties).map(([key, schema]) =>
      isObject(schema) && schema.required === true
        ? [key, { ...schema, required: undefined }]
        : [key, schema],
    ),
  );
}

function objectForm(
  reading: Reading,
  flat: Keywords,
  limits: Limits,
  depth: number,
): Omit<Converted, "isNullable"> {
  const all = entries(flat.properties);
  const names = offeredNames(all.map(([name]) => name));
  const asked = new Set([flat.required].flat());
  const keys: RestoredKey[] = [];
  const properties: [string, Form][] = [];
  const required: string[] = [];
  for (const [name, schema] of all) {
    const offered = names.get(name) ?? name;
    const converted = convert(reading, schema, limits, depth + 1);
    if (converted === null) continue;
    const isRequired = asked.has(name) || (isObject(schema) && schema.required === true);
    const notes = [
      ...(offered === name ? [] : [`the server's name for it: ${name}`]),
      ...(isRequired && converted.isNullable ? ["may be null"] : []),
    ];
    if (isRequired) required.push(offered);
    properties.push([offered, noted(converted.form, notes, limits)]);
    keys.push({ offered, name, restore: converted.restore });
  }
  const form = {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
  };
  const notes = [...valueNote(valuesOf(flat)), ...keysNote(flat)];
  return { form: described(form, flat, notes, limits), restore: restoreObject(keys) };
}

function noted(form: Form, notes: readonly string[], limits: Limits): Form {
  if (notes.length === 0) return form;
  if (Array.isArray(form.anyOf)) return { anyOf: form.anyOf.map((each: Form) => noted(each, notes, limits)) };
  const description = describe(form, notes, limits.text);
  return description === undefined ? form : { ...form, description };
}

/** An object whose keys are free. */
function keysNote({ properties, additionalProperties, patternProperties }: Keywords): string[] {
  if (entries(properties).length > 0) return [];
  const values = [
    additionalProperties,
    ...Object.values(isObject(patternProperties) ? patternProperties : {}),
  ];
  const types = values.flatMap((each) => (isObject(each) ? typesAskedFor(each).types : []));
  if (types.length > 0) return [`any keys; values: ${[...new Set(types)].join(" or ")}`];
  return values.some((each) => each === true || isObject(each)) ? ["any keys"] : [];
}

function arrayForm(
  reading: Reading,
  flat: Keywords,
  limits: Limits,
  depth: number,
): Omit<Converted, "isNullable"> {
  const { items, additionalItems, prefixItems, uniqueItems } = flat;
  const places = Array.isArray(items) ? items : list(prefixItems);
  const rest = Array.isArray(items) ? additionalItems : items;
  const kinds = [...places, ...(rest === undefined ? [] : [rest])].filter((each) => each !== false);
  const each =
    kinds.length > 1
      ? choice(reading, {}, kinds, limits, depth + 1)
      : convert(reading, kinds[0] ?? {}, limits, depth + 1);
  const notes = [
    ...(places.length > 1 ? [`${places.length} items, each of its own kind`] : []),
    ...(uniqueItems === true ? ["no item twice"] : []),
    ...valueNote(valuesOf(flat)),
  ];
  const form = { type: "array", items: each?.form ?? ANY, ...counts(flat, "minItems", "maxItems") };
  return { form: described(form, flat, notes, limits), restore: restoreItems(each?.restore) };
}
