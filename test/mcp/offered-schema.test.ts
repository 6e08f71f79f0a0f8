import { expect, it } from "vitest";
import { ANY, property, text } from "./offer.ts";

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
