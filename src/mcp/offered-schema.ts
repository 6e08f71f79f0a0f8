import { z } from "zod";
import type { AuraTool } from "../../tools/tool.ts";
import { namedSchemas, resolve } from "./json-schema-references.ts";
import type { Keywords } from "./json-schema-values.ts";
import { type Reading, TooMuchError, typesAskedFor } from "./offered-flatten.ts";
import { convert } from "./offered-form.ts";
import type { Restore } from "./offered-names.ts";
import type { Form, Limits } from "./offered-scalars.ts";

/** A tool's parameters as every provider takes them, or why there is no such form. */
export type Offered =
  | {
      readonly ok: true;
      readonly parameters: Form;
      /**
       * Gives arguments that a model wrote by `parameters` the names that the server knows; undefined where
       * those are the same.
       */
      readonly restore: Restore | undefined;
    }
  | { readonly ok: false; readonly why: string };

/** Largest form as JSON, in characters: it goes into every request. */
const MAX_FORM = 32 * 1024;

/** Largest schema of a server as JSON, in characters; a larger one is not looked at. */
const MAX_SCHEMA = 512 * 1024;

/** What one attempt may cost, in schemas: a few references can ask for millions. */
const MAX_COST = 4_000;

/** So much every schema may cost, whatever others have. */
const MIN_COST = 200;

/**
 * Tried one after the other until the form is small enough: less depth, fewer words. The last one follows
 * nothing.
 */
const ATTEMPTS: readonly Limits[] = [
  { depth: 10, text: 1_000 },
  { depth: 5, text: 300 },
  { depth: 3, text: 100 },
  { depth: 1, text: 60 },
  { depth: 1, text: 0 },
];

/** What all forms of a list may cost together: a server may list thousands of large schemas. */
interface Budget {
  left: number;
}

export const MAX_LIST_COST = 100_000;

/**
 * Makes of any schema for a tool's arguments one that every provider takes: an object at the top, with one
 * type at each place (or a choice of such), without references, and without what any of them refuses
 * (decision 60). Says less than the schema, never something else: arguments are checked against the schema
 * itself.
 */
export function offeredSchema(schema: Keywords, budget: Budget = { left: MAX_LIST_COST }): Offered {
  if (JSON.stringify(schema).length > MAX_SCHEMA) return { ok: false, why: "its schema is too large" };
  const { types } = typesAskedFor(schema);
  if (types.length > 0 && !types.includes("object"))
    return { ok: false, why: "its schema does not describe an object" };
  const named = namedSchemas(schema);
  for (const limits of ATTEMPTS) {
    const offered = attempt(schema, named, limits, budget);
    if (offered !== null && (!offered.ok || JSON.stringify(offered.parameters).length <= MAX_FORM))
      return offered;
  }
  return { ok: false, why: "its schema is too large" };
}

/** Null when it would cost too much. */
function attempt(
  root: Keywords,
  named: ReadonlyMap<string, unknown>,
  limits: Limits,
  budget: Budget,
): Offered | null {
  let left = Math.min(MAX_COST, Math.max(MIN_COST, budget.left));
  const reading: Reading = {
    spend(cost) {
      left -= cost;
      budget.left -= cost;
      if (left < 0) throw new TooMuchError();
    },
    resolve: (reference) => resolve(reference, root, named),
    within: new Set([root]),
  };
  // At the top a title says nothing that a name does not.
  const { title: _, ...top } = root;
  try {
    const converted = convert(reading, { ...top, type: "object" }, limits, 0);
    if (converted === null) return { ok: false, why: "its schema fits nothing" };
    return { ok: true, parameters: converted.form, restore: converted.restore };
  } catch (error) {
    if (error instanceof TooMuchError) return null;
    throw error;
  }
}

/** A tool of ours, with its own schema in the same form. */
export function withOfferedForm(tool: AuraTool): AuraTool {
  const offered = offeredSchema(z.toJSONSchema(tool.schema, { io: "input" }));
  // It has none where an argument's name would be another one: what is offered is what is checked.
  return offered.ok && offered.restore === undefined ? { ...tool, parameters: offered.parameters } : tool;
}
