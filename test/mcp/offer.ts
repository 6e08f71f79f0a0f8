import { expect } from "vitest";
import { type Offered, offeredSchema } from "../../src/mcp/offered-schema.ts";
import { refusals } from "./provider-rules.ts";

export type Schema = Record<string, unknown>;

/** What is offered in a schema's place: something that every provider takes. */
export function offer(schema: unknown): Extract<Offered, { ok: true }> {
  const offered = offeredSchema(schema as Schema);
  if (!offered.ok) throw new Error(offered.why);
  expect(refusals(offered.parameters)).toEqual([]);
  return offered;
}

/** What is offered for one property. */
export const property = (schema: unknown, rest: Schema = {}) =>
  (offer({ type: "object", properties: { x: schema }, ...rest }).parameters as any).properties.x;

export const text = { type: "string" };

/** What is offered where anything may stand. */
export const ANY = {
  anyOf: [
    text,
    { type: "number" },
    { type: "boolean" },
    { type: "object", properties: {} },
    { type: "array", items: text },
  ],
};
