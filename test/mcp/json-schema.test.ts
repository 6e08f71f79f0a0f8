import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schemaChecker } from "../../src/mcp/json-schema.ts";
import { linearPatterns } from "../../src/mcp/patterns.ts";
import { mcpServers } from "../../src/mcp/settings.ts";
import { toAuraTools } from "../../src/mcp/tools.ts";

const checker = (schema: Record<string, unknown>, unread: string[] = []) =>
  schemaChecker(
    schema,
    linearPatterns((pattern) => unread.push(pattern)),
  );
const isValid = (schema: Record<string, unknown>, value: unknown) => checker(schema)(value) === null;

it.each<[string, Record<string, unknown>, unknown[], unknown[]]>([
  [
    "a reference",
    { $defs: { a: { type: "string" } }, properties: { x: { $ref: "#/$defs/a" } } },
    [{ x: "" }],
    [{ x: 1 }],
  ],
  [
    "a schema of itself",
    { properties: { x: { $ref: "#" } }, additionalProperties: false },
    [{ x: { x: {} } }],
    [{ x: { y: 1 } }],
  ],
  [
    "an id",
    { $defs: { a: { $id: "urn:a", type: "null" } }, properties: { x: { $ref: "urn:a" } } },
    [{ x: null }],
    [{ x: 1 }],
  ],
  [
    "an anchor",
    { $defs: { a: { $anchor: "here", type: "null" } }, items: { $ref: "#here" } },
    [[null]],
    [[1]],
  ],
  ["a pattern", { pattern: "^[a-z]+\\d$" }, ["ab1", 7], ["AB1", ""]],
  [
    "a pattern of a key",
    { patternProperties: { "^n": { type: "number" } }, additionalProperties: false },
    [{ n1: 1 }],
    [{ n1: "" }, { m: 1 }],
  ],
  ["names of keys", { propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
  [
    "a condition",
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    { if: { required: ["a"] }, then: { required: ["b"] }, else: { required: ["c"] } },
    [{ a: 1, b: 1 }, { c: 1 }],
    [{ a: 1 }, {}],
  ],
  [
    "what nobody has looked at",
    { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
    [{ a: 1 }],
    [{ b: 1 }],
  ],
  [
    "items that are alike",
    { uniqueItems: true },
    [[1, "1", { a: 1 }]],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
  ],
  ["a decimal", { multipleOf: 0.1 }, [0.3, 7], [0.35]],
  ["what depends", { dependentRequired: { a: ["b"] } }, [{ a: 1, b: 1 }, {}], [{ a: 1 }]],
  ["formats", { format: "date-time" }, ["2026-01-02T03:04:05Z", 5], ["2026-01-02", "soon"]],
  ["length in characters, not in units", { maxLength: 2 }, ["😀😀"], ["abc"]],
])("checks %s", (_, schema, valid, invalid) => {
  for (const value of valid) expect([value, isValid(schema, value)]).toEqual([value, true]);
  for (const value of invalid) expect([value, isValid(schema, value)]).toEqual([value, false]);
});

describe("a schema that would stop the service", () => {
  const deep = (levels: number, schema: unknown): unknown =>
    levels === 0 ? schema : { allOf: Array.from({ length: 200 }, () => deep(levels - 1, schema)) };
  const ofItself = { anyOf: [{ $ref: "#" }, { $ref: "#" }] };
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const shared = { allOf: Array.from({ length: 200 }, () => ({ $ref: "#/$defs/b" })) };
  const referring = {
    ...{ $ref: "#/$defs/a" },
    $defs: {
      a: { ...shared },
      b: { allOf: shared.allOf.map(() => ({ $ref: "#/$defs/c" })) },
      c: { allOf: shared.allOf.map(() => ({})) },
    },
  };

  // With the engine of JavaScript, or without a budget, each of these takes minutes or more.
  it.each<[string, Record<string, unknown>, unknown]>([
    [
      "a pattern that goes back",
      { properties: { x: { pattern: "^(a+)+$" } } },
      { x: `${"a".repeat(100_000)}!` },
    ],
    [
      "such a pattern for keys",
      { patternProperties: { "^(a|aa)+$": {} }, additionalProperties: false },
      { [`${"a".repeat(90_000)}!`]: 1 },
    ],
    ["a pattern with many states", { pattern: "^(a|b)*a(a|b){900}(a|b){900}c$" }, "ab".repeat(120_000)],
    ["branches in branches", deep(2, { type: "string" }) as Record<string, unknown>, {}],
    ["references that branch", referring, {}],
    ["a schema of itself, twice", ofItself, {}],
    [
      "the same for each level",
      { items: { anyOf: [{ $ref: "#" }, { $ref: "#" }, { $ref: "#" }] }, not: {} },
      nested(60),
    ],
    [
      "many items and branches",
      { items: { anyOf: Array.from({ length: 500 }, () => ({ type: "string" })) } },
      Array(20_000).fill(1),
    ],
    ["items that must differ", { uniqueItems: true }, Array.from({ length: 200_000 }, (_, at) => [at])],
    ["a value without a bottom", { const: [[]] }, JSON.parse("[".repeat(50_000) + "]".repeat(50_000))],
    ["an URL that goes back", { format: "url" }, `http://${"a".repeat(200_000)}!`],
  ])("is given up: %s", (_, schema, value) => {
    const problem = checker(schema)(value);
    expect(problem === null || typeof problem === "string").toBe(true);
  });

  it("refuses what it cannot check to the end, and says so", () => {
    expect(checker(referring)({})).toMatch(/too long/);
    expect(checker(ofItself)({})).toMatch(/too long/);
  });

  it("checks arguments of a usual size", () => {
    const row = {
      type: "object",
      properties: { id: { type: "integer" }, name: { type: "string", pattern: "^\\w+$" } },
      required: ["id"],
    };
    const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `row${id}` }));
    expect(checker({ properties: { rows: { type: "array", items: row } } })({ rows })).toBeNull();
  });
});

it("does not check a pattern that the engine cannot read, and says so once for the tool", () => {
  const inputSchema = {
    type: "object",
    properties: { x: { pattern: "^(?=a)b" }, y: { pattern: "(a)\\1" }, z: { pattern: "^c$" } },
    patternProperties: { "(?!q)r": { type: "string" } },
    additionalProperties: false,
  };
  const [server] = mcpServers.parse('{"far":{"url":"http://mcp/"}}');
  const told: string[][] = [];
  const unreachable = { call: () => Promise.reject(new Error("not called")) };
  const report = { leftOut: () => {}, unchecked: (...each: string[]) => void told.push(each) };
  const [tool] = toAuraTools(server!, unreachable, [{ name: "note", inputSchema }], report);
  expect(tool?.schema.safeParse({ x: "no", y: "no", z: "c", more: 1 }).success).toBe(true);
  expect(tool?.schema.safeParse({ z: "no" }).success).toBe(false);
  expect(told).toHaveLength(1);
  expect(told[0]).toEqual(["note", "the pattern ^(?=a)b"]);
});

it.each<[string, Record<string, unknown>, unknown[], unknown[]]>([
  [
    "required: true in a property",
    { properties: { a: { type: "string", required: true }, b: { required: false } } },
    [{ a: "" }, { a: "", b: 1 }],
    [{}, { b: 1 }],
  ],
  [
    "the same within",
    { properties: { x: { properties: { y: { required: true } } } } },
    [{}, { x: { y: 1 } }],
    [{ x: {} }],
  ],
  ["nullable", { type: "string", enum: ["a"], nullable: true }, [null, "a"], ["b", 1]],
  [
    "other languages' names of types",
    { type: "dict", properties: { n: { type: "int" } } },
    [{ n: 1 }],
    [[], { n: 1.5 }],
  ],
  ["OpenAPI's capitals", { type: "ARRAY", items: { type: "STRING" } }, [["a"]], ["a", [1]]],
  ["types that nobody knows", { type: "file" }, ["a", 1, null], []],
  ["flags of draft 4", { minimum: 1, exclusiveMinimum: true }, [2], [1, 0]],
  [
    "a reference that leads nowhere",
    { properties: { x: { $ref: "#/nowhere" } }, required: ["x"] },
    [{ x: 1 }],
    [{}],
  ],
])("checks what other dialects say: %s", (_, schema, valid, invalid) => {
  for (const value of valid) expect([value, isValid(schema, value)]).toEqual([value, true]);
  for (const value of invalid) expect([value, isValid(schema, value)]).toEqual([value, false]);
});

const scalar = fc.oneof(
  fc.constantFrom(0, 1, 2, 1.5, "", "a", "ab", null, true),
  fc.integer({ min: -3, max: 3 }),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3 }),
  ),
})).any;
const small = fc.integer({ min: 0, max: 3 });
const schemas = fc.letrec((tie) => {
  const many = fc.array(tie("any"), { minLength: 1, maxLength: 3 });
  const keyed = fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 2 });
  return {
    any: fc.oneof(
      { depthSize: "small" },
      fc.boolean(),
      fc.record({
        type: fc.constantFrom("string", "number", "integer", "object", "array", "null", "boolean"),
      }),
      fc.record({ enum: fc.array(value, { minLength: 1, maxLength: 3 }) }),
      fc.record({ const: fc.oneof(scalar, fc.constant([1])) }),
      fc.record(
        {
          minimum: small,
          maximum: small,
          minLength: small,
          maxLength: small,
          minItems: small,
          maxItems: small,
          minProperties: small,
          maxProperties: small,
          exclusiveMinimum: small,
          exclusiveMaximum: small,
          uniqueItems: fc.boolean(),
          multipleOf: fc.constantFrom(1, 0.5, 2),
        },
        { requiredKeys: [] },
      ),
      fc.record(
        {
          properties: keyed,
          additionalProperties: tie("any"),
          required: fc.subarray(["a", "b"]),
          propertyNames: tie("any"),
          dependentSchemas: keyed,
        },
        { requiredKeys: [] },
      ),
      fc.record({ properties: keyed, unevaluatedProperties: tie("any"), allOf: many }, { requiredKeys: [] }),
      fc.record({ prefixItems: many, items: tie("any"), contains: tie("any") }, { requiredKeys: [] }),
      fc.record({ allOf: many, anyOf: many, oneOf: many, not: tie("any") }, { requiredKeys: [] }),
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      fc.record({ if: tie("any"), then: tie("any"), else: tie("any") }, { requiredKeys: ["if"] }),
    ),
  };
}).any;

it("says what another validator says, of any schema and value", () => {
  fc.assert(
    fc.property(schemas, value, (schema, given) => {
      const wrapped = { properties: { it: schema } } as Record<string, unknown>;
      const other = new Validator(structuredClone(wrapped), "2020-12").validate({ it: given }).valid;
      expect(checker(wrapped)({ it: given }) === null).toBe(other);
    }),
    { numRuns: 2_000 },
  );
});

it("takes whatever stands in a schema's place: it never throws", () => {
  const keyword = fc.constantFrom(
    "type",
    "enum",
    "required",
    "properties",
    "patternProperties",
    "items",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "$ref",
    "$id",
    "$defs",
    "pattern",
    "format",
    "uniqueItems",
    "contains",
    "dependencies",
    "propertyNames",
    "minLength",
    "multipleOf",
    "__proto__",
  );
  const junk = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom("#", "#/", "(", "a{9}{9}", "%"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(keyword, tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(keyword, junk), value, fc.jsonValue(), (schema, given, other) => {
      for (const each of [given, other, { a: given }]) {
        const problem = checker(schema)(each);
        expect(problem === null || typeof problem === "string").toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});
