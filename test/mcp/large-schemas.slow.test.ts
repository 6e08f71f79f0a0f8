import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_LIST_COST, offeredSchema } from "../../src/mcp/offered-schema.ts";
import { LISTS } from "./kinds.ts";
import { mutated } from "./mutate.ts";
import { offer, type Schema, text } from "./offer.ts";
import { refusals } from "./provider-rules.ts";

describe("a schema that is too much", () => {
  const wide = (count: number, schema: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, schema]));

  test("is shortened until it is small enough", () => {
    const deep = (levels: number): unknown =>
      levels === 0
        ? text
        : { type: "object", description: "d".repeat(500), properties: wide(5, deep(levels - 1)) };
    const { parameters } = offer(deep(5));
    expect(JSON.stringify(parameters).length).toBeLessThanOrEqual(32 * 1024);
    expect(Object.keys((parameters as any).properties)).toHaveLength(5);
    expect(offer({ type: "object", description: "x".repeat(40_000) }).parameters).toMatchObject({
      properties: {},
    });
    expect(
      offer({ type: "object", properties: wide(400, { type: "string", description: "y".repeat(400) }) }),
    ).toBeDefined();
  });

  test("is left out where nothing helps", () => {
    const many = { type: "object", properties: wide(5_000, text) };
    expect(offeredSchema(many)).toEqual({ ok: false, why: "its schema is too large" });
    expect(offeredSchema({ type: "object", description: "x".repeat(600_000) })).toMatchObject({ ok: false });
  });

  const level = (to: string) => ({ allOf: Array.from({ length: 200 }, () => ({ $ref: to })) });
  const branching: Schema = {
    type: "object",
    properties: { x: { $ref: "#/$defs/a" } },
    $defs: { a: level("#/$defs/b"), b: level("#/$defs/c"), c: level("#/$defs/d"), d: text },
  };

  test("costs a bounded number of steps, a list of such ones as well", () => {
    expect(offer(branching).parameters).toMatchObject({ properties: { x: {} } });
    const choices = (to: string) => ({ anyOf: Array.from({ length: 20 }, () => ({ $ref: to })) });
    const $defs = {
      a: choices("#/$defs/b"),
      b: choices("#/$defs/c"),
      c: choices("#/$defs/d"),
      d: choices("#/$defs/e"),
      e: choices("#/$defs/f"),
      f: text,
    };
    expect(offer({ properties: { x: { $ref: "#/$defs/a" } }, $defs }).parameters).toMatchObject({
      properties: { x: {} },
    });
    expect(offer({ ...branching, $ref: "#/$defs/a" }).parameters).toMatchObject({ properties: { x: {} } });
    const heavy = {
      type: "object",
      properties: wide(300, { $ref: "#/$defs/a" }),
      $defs: { a: { default: "x".repeat(100_000), enum: Array(20_000).fill("v") } },
    };
    const budget = { left: MAX_LIST_COST };
    for (let count = 0; count < 200; count += 1) offeredSchema(heavy, budget);
  });
});

test("whatever a server's schema is, what is offered is taken, or there is a reason", () => {
  const schemas = LISTS.flatMap(({ tools }) =>
    (tools as { inputSchema: unknown }[]).map((tool) => tool.inputSchema),
  );
  fc.assert(
    fc.property(mutated(schemas), (schema) => {
      if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
      const offered = offeredSchema(schema as Schema);
      expect(offered.ok || /^its schema/.test(offered.why)).toBe(true);
      if (!offered.ok) return;
      expect(refusals(offered.parameters)).toEqual([]);
      offered.restore?.({ url: "x", root: { next: [] }, argument: null });
    }),
    { numRuns: 5_000 },
  );
});

test("the same of schemas that nobody would write", () => {
  const keyword = fc.constantFrom(
    ..."type enum const required properties patternProperties items prefixItems allOf anyOf oneOf not if then $ref $defs pattern format nullable default title description additionalProperties minimum maxLength minItems __proto__ 이름".split(
      " ",
    ),
  );
  const junk = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(
        "#",
        "#/",
        "#/properties/type",
        "object",
        "array",
        "string",
        "null",
        "(",
        "\ud800",
        true,
        false,
        Infinity,
      ),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(keyword, tie("any"), { maxKeys: 5 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(keyword, junk), (schema) => {
      const offered = offeredSchema(schema);
      if (offered.ok) expect(refusals(offered.parameters)).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
});
