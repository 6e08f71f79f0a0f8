import { describe, expect, test } from "vitest";
import { offeredSchema } from "../../src/mcp/offered-schema.ts";
import { ANY, offer, property, type Schema, text } from "./offer.ts";

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
