import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MAX_LIST_COST, type Offered, offeredSchema } from "../../src/mcp/offered-schema.ts";
import { LISTS } from "./kinds.ts";
import { mutated } from "./mutate.ts";
import { refusals } from "./provider-rules.ts";

type Schema = Record<string, unknown>;

function offer(schema: unknown): Extract<Offered, { ok: true }> {
  const offered = offeredSchema(schema as Schema);
  if (!offered.ok) throw new Error(offered.why);
  expect(refusals(offered.parameters)).toEqual([]);
  return offered;
}

/** What is offered for one property. */
const property = (schema: unknown, rest: Schema = {}) =>
  (offer({ type: "object", properties: { x: schema }, ...rest }).parameters as any).properties.x;

const text = { type: "string" };
const ANY = {
  anyOf: [
    text,
    { type: "number" },
    { type: "boolean" },
    { type: "object", properties: {} },
    { type: "array", items: text },
  ],
};

it.each<[string, unknown, unknown]>([
  ["an array without items", { type: "array" }, { type: "array", items: ANY }],
  [
    "an array of itself",
    { items: { items: { type: "integer" } } },
    { type: "array", items: { type: "array", items: { type: "integer" } } },
  ],
  [
    "a tuple",
    { type: "array", prefixItems: [text, { type: "number" }] },
    {
      type: "array",
      items: { anyOf: [text, { type: "number" }] },
      description: "(2 items, each of its own kind)",
    },
  ],
  [
    "a tuple of older drafts",
    { type: "array", items: [text, text] },
    { type: "array", items: text, description: "(2 items, each of its own kind)" },
  ],
  [
    "a pattern with classes of Unicode",
    { type: "string", pattern: "^\\p{L}+$" },
    { type: "string", description: "(pattern: ^\\p{L}+$)" },
  ],
  [
    "a look-behind",
    { type: "string", pattern: "^(?<=a)b$" },
    { type: "string", description: "(pattern: ^(?<=a)b$)" },
  ],
  [
    "an escape without a meaning",
    { type: "string", pattern: "^https\\:\\/\\/" },
    { type: "string", description: "(pattern: ^https\\:\\/\\/)" },
  ],
  [
    "a pattern that is none",
    { type: "string", pattern: "^(a$" },
    { type: "string", description: "(pattern: ^(a$)" },
  ],
  [
    "a plain pattern",
    { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
    { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
  ],
  ["several types", { type: ["string", "integer"] }, { anyOf: [text, { type: "integer" }] }],
  ["a type or null", { type: ["string", "null"] }, text],
  ["nullable", { type: "string", nullable: true }, text],
  [
    "one of a schema and null",
    { anyOf: [{ type: "string", maxLength: 3 }, { type: "null" }], description: "d" },
    { type: "string", maxLength: 3, description: "d" },
  ],
  [
    "one of several",
    { oneOf: [text, { type: "array", items: text }], description: "d" },
    {
      anyOf: [
        { ...text, description: "d" },
        { type: "array", items: text, description: "d" },
      ],
    },
  ],
  [
    "constants to choose from",
    { oneOf: [{ const: "a" }, { const: "b" }] },
    { type: "string", enum: ["a", "b"] },
  ],
  ["a number or a whole one", { type: ["integer", "number"] }, { type: "number" }],
  ["true", true, ANY],
  ["null in a schema's place", null, ANY],
  ["nothing said", {}, ANY],
  ["a text in a schema's place", "string", ANY],
  [
    "types of other languages",
    { type: "dict", properties: { n: { type: "INT" } } },
    { type: "object", properties: { n: { type: "integer" } } },
  ],
  [
    "a type that nobody knows",
    { type: "file", description: "d" },
    { anyOf: ANY.anyOf.map((each) => ({ ...each, description: "d" })) },
  ],
  [
    "an enumeration of several types",
    { enum: ["a", 1, true, null] },
    {
      anyOf: [
        { type: "string", enum: ["a"] },
        { type: "integer", description: "(always 1)" },
        { type: "boolean", description: "(always true)" },
      ],
    },
  ],
  [
    "an enumeration of numbers",
    { type: "integer", enum: [1, 2] },
    { type: "integer", description: "(one of 1, 2)" },
  ],
  ["an empty enumeration", { type: "string", enum: [] }, text],
  [
    "an enumeration with an empty text",
    { type: "string", enum: ["", "a"] },
    { type: "string", description: '(one of "", "a")' },
  ],
  ["an enumeration that repeats", { type: "string", enum: ["a", "a"] }, { type: "string", enum: ["a"] }],
  [
    "a format that not all know",
    { type: "string", format: "email" },
    { type: "string", description: "(format: email)" },
  ],
  [
    "a format that all know",
    { type: "string", format: "date-time" },
    { type: "string", format: "date-time" },
  ],
  ["a number's format", { type: "integer", format: "int64" }, { type: "integer" }],
  [
    "bounds that only some know",
    { type: "integer", exclusiveMinimum: 0, multipleOf: 5 },
    { type: "integer", minimum: 1, description: "(a multiple of 5)" },
  ],
  ["bounds without an end", { type: "number", minimum: -Infinity, maximum: 1e300 }, { type: "number" }],
  ["counts that are none", { type: "string", minLength: -1, maxLength: "9" }, text],
  [
    "a default and an example",
    { type: "string", default: "a", examples: ["b"] },
    { type: "string", description: '(default: "a"; e.g. "b")' },
  ],
  [
    "half of a character",
    { type: "string", description: "a\ud800" },
    { type: "string", description: "a\ufffd" },
  ],
  ["keywords of nobody", { type: "string", "x-order": 1, readOnly: true, deprecated: true }, text],
  [
    "free keys",
    { type: "object", additionalProperties: text },
    { type: "object", properties: {}, description: "(any keys; values: string)" },
  ],
  ["properties as PHP writes them", { type: "object", properties: [] }, { type: "object", properties: {} }],
  [
    "what must not be",
    { type: "object", properties: { a: false, b: text }, required: ["a", "b", "c", 7] },
    { type: "object", properties: { b: text }, required: ["b"] },
  ],
  [
    "required as a text",
    { type: "object", properties: { b: text }, required: "b" },
    { type: "object", properties: { b: text }, required: ["b"] },
  ],
  [
    "required in the property",
    { type: "object", properties: { b: { ...text, required: true }, c: { ...text, required: false } } },
    { type: "object", properties: { b: text, c: text }, required: ["b"] },
  ],
  [
    "all of several",
    { allOf: [{ properties: { a: text } }, { properties: { b: text }, required: ["a"] }] },
    { type: "object", properties: { a: text, b: text }, required: ["a"] },
  ],
])("makes of %s what every provider takes", (_, schema, offered) => {
  expect(property(schema)).toEqual(offered);
});

describe("references", () => {
  test("are read in their place", () => {
    const $defs = {
      name: { type: "string", maxLength: 5 },
      names: { type: "array", items: { $ref: "#/$defs/name" } },
    };
    expect(property({ $ref: "#/$defs/names", description: "d" }, { $defs })).toEqual({
      type: "array",
      items: { type: "string", maxLength: 5 },
      description: "d",
    });
  });

  test("to what they stand in are followed once", () => {
    const $defs = {
      node: {
        type: "object",
        properties: { next: { $ref: "#/$defs/node" }, all: { type: "array", items: { $ref: "#" } } },
      },
    };
    const again = { type: "object", properties: {}, description: "described no further: as above" };
    expect(property({ $ref: "#/$defs/node" }, { $defs })).toEqual({
      type: "object",
      properties: { next: again, all: { type: "array", items: again } },
    });
    expect(offer({ type: "object", $ref: "#" }).parameters).toMatchObject({ type: "object", properties: {} });
  });

  test("that lead nowhere allow anything", () => {
    expect(property({ $ref: "#/$defs/lost" })).toEqual(ANY);
    expect(property({ $ref: "https://example.com/schema.json" })).toEqual(ANY);
  });
});

describe("at the top", () => {
  test("branches say what may be there, and what all of them say must", () => {
    const schema = {
      type: "object",
      properties: { a: text },
      required: ["a"],
      anyOf: [{ required: ["a"] }, { properties: { b: { type: "integer" } }, required: ["b"] }],
    };
    expect(offer(schema).parameters).toEqual({
      type: "object",
      properties: { a: text, b: { type: "integer" } },
      required: ["a"],
    });
    const discriminated = {
      oneOf: [
        { type: "object", properties: { kind: { const: "a" }, n: text } },
        { type: "object", properties: { kind: { const: "b" } } },
      ],
    };
    expect(Object.keys((offer(discriminated).parameters as any).properties)).toEqual(["kind", "n"]);
  });

  test.each<[string, Schema]>([
    ["no type", { properties: { a: text } }],
    ["a type that may be null", { type: ["object", "null"], properties: { a: text } }],
    ["a reference", { $ref: "#/$defs/a", $defs: { a: { type: "object", properties: { a: text } } } }],
    [
      "words of its own",
      {
        $schema: "x",
        $id: "y",
        title: "aArguments",
        type: "object",
        properties: { a: text },
        additionalProperties: false,
      },
    ],
  ])("%s", (_, schema) => {
    expect(offer(schema).parameters).toEqual({ type: "object", properties: { a: text } });
  });

  test("what describes no object, or nothing that fits, cannot be offered", () => {
    expect(offeredSchema({ type: "string" })).toEqual({
      ok: false,
      why: "its schema does not describe an object",
    });
    expect(offeredSchema({ enum: ["a"] })).toMatchObject({ ok: false });
    expect(offeredSchema({ type: "object", allOf: [false] })).toEqual({
      ok: false,
      why: "its schema fits nothing",
    });
  });
});

describe("names that some provider refuses", () => {
  const schema = {
    type: "object",
    properties: {
      $filter: { ...text, description: "an expression" },
      filter: text,
      받는사람: { type: "array", items: { type: "object", properties: { "e-mail": text, 이름: text } } },
      "a b": { anyOf: [{ type: "object", properties: { "x/y": text } }, { type: "integer" }] },
      a_b: text,
    },
    required: ["$filter", "받는사람"],
  };

  test("are offered under others, which say so, and given back as they are", () => {
    const { parameters, restore } = offer(schema);
    const properties = (parameters as any).properties;
    expect(Object.keys(properties)).toEqual(["_filter", "filter", "argument", "a_b_2", "a_b"]);
    expect(properties._filter.description).toBe("an expression (the server's name for it: $filter)");
    expect(parameters.required).toEqual(["_filter", "argument"]);
    const written = {
      _filter: "f",
      filter: "g",
      argument: [{ "e-mail": "a@b", argument: "Kim" }, 7],
      a_b_2: { x_y: "z", more: [1] },
      a_b: "own",
    };
    const meant = {
      $filter: "f",
      filter: "g",
      받는사람: [{ "e-mail": "a@b", 이름: "Kim" }, 7],
      "a b": { "x/y": "z", more: [1] },
      a_b: "own",
    };
    expect(restore?.(written)).toEqual(meant);
    // A call that is looked at again after its approval has them already, as has a model that knows better.
    expect(restore?.(meant)).toEqual(meant);
    expect(restore?.("no object")).toBe("no object");
  });

  test("are nobody's business where there are none", () => {
    expect(offer({ type: "object", properties: { a_b: text } }).restore).toBeUndefined();
    expect(
      Object.keys(
        (offer(JSON.parse('{"properties":{"__proto__":{"type":"string"}}}')).parameters as any).properties,
      ),
    ).toEqual(["__proto__"]);
  });
});

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
