import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { culpritSearch, isAboutTools, namedTools } from "../../../graphs/model/tool-refusal.ts";

const NAMES = ["send_email", "current_time", "shop__find", "shop__tags", "crm__update_customer"];

// How providers and servers put it; the words are theirs, the tools ours.
const NAMING: [string, string, string[]][] = [
  [
    "OpenAI, the schema",
    "Invalid schema for function 'shop__tags': In context=('properties', 'tags'), array schema missing items.",
    ["shop__tags"],
  ],
  [
    "OpenAI, a whole body",
    '{"error":{"message":"Invalid schema for function \'shop__tags\': In context=(), object schema missing properties.","type":"invalid_request_error","param":"tools[3].function.parameters","code":"invalid_function_parameters"}}',
    ["shop__tags"],
  ],
  ["OpenAI, the parameter alone", '"param": "tools[2].function.parameters"', ["shop__find"]],
  [
    "OpenAI, a name",
    "Invalid 'tools[4].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
    ["crm__update_customer"],
  ],
  [
    "OpenAI's other API",
    '"param":"tools[3].parameters","code":"invalid_function_parameters"',
    ["shop__tags"],
  ],
  [
    "Anthropic",
    "tools.3.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12",
    ["shop__tags"],
  ],
  [
    "Anthropic through a proxy",
    '{\\"type\\":\\"invalid_request_error\\",\\"message\\":\\"tools.4.custom.input_schema.properties: Property keys should match pattern\\"}',
    ["crm__update_customer"],
  ],
  [
    "Gemini",
    "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'tools[0].function_declarations[2].parameters': Cannot find field.",
    ["shop__find"],
  ],
  [
    "Gemini, several",
    "* GenerateContentRequest.tools[0].function_declarations[3].parameters.properties[tags].items: missing field.\\n* GenerateContentRequest.tools[0].function_declarations[4].parameters.properties[x].items: missing field.",
    ["shop__tags", "crm__update_customer"],
  ],
  [
    "Gemini's other spelling",
    "functionDeclarations[2].parameters: should be non-empty for OBJECT type",
    ["shop__find"],
  ],
  [
    "a path of pydantic",
    "[{'type': 'missing', 'loc': ('body', 'tools', 3, 'function', 'name'), 'msg': 'Field required'}]",
    ["shop__tags"],
  ],
  [
    "another path of it",
    "body -> tools -> 2 -> function -> parameters: Input should be a valid dictionary",
    ["shop__find"],
  ],
  ["a JSON pointer", "schema violation at /tools/4/function/parameters", ["crm__update_customer"]],
  [
    "a deserializer",
    "Failed to deserialize the JSON body into the target type: tools[3].type: unknown variant",
    ["shop__tags"],
  ],
  ["in quotes", 'Tool "shop__find" has an invalid definition', ["shop__find"]],
  ["in the middle of words", "could not convert parameters of shop__find to a grammar", ["shop__find"]],
];

test.each(NAMING)("a refusal names its tool: %s", (_, text, named) => {
  expect(namedTools(text, NAMES)).toEqual(named);
});

it.each([
  [
    "says only what is wrong",
    "Invalid tool schema: {'type': 'object'} is not valid under any of the given schemas",
  ],
  ["speaks of another tool", "Invalid schema for function 'shop__gone'"],
  ["speaks of a place that there is not", "tools[77].function.parameters is wrong"],
  [
    "counts tools",
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 140 instead.",
  ],
  ["speaks of calls", "messages[3].tool_calls[0].function.arguments is not JSON"],
  ["quotes the request", `bad request: ${NAMES.join(", ")}`],
  ["has a name only as a part of another", "x_shop__tags_y"],
  ["is empty", ""],
])("names none where it %s", (_, text) => {
  expect(namedTools(text, NAMES)).toEqual([]);
});

describe("whether a refusal is about tools", () => {
  test.each(NAMING)("%s: it is", (_, text) => {
    expect(isAboutTools(400, text)).toBe(true);
    expect(isAboutTools(429, text)).toBe(false);
    expect(isAboutTools(200, text)).toBe(false);
  });
  test.each([
    [400, "Invalid tool schema: {'type': 'object'} is not valid under any of the given schemas"],
    [400, "Invalid 'tools': array too long. Expected an array with maximum length 128"],
    [422, "too many tools"],
    [500, "JSON schema conversion failed: Pattern must start with '^' and end with '$'"],
    [500, "Failed to parse grammar"],
  ])("it is: %i %s", (status, text) => {
    expect(isAboutTools(status, text)).toBe(true);
  });
  test.each([
    [400, "registry.example/library/model does not support tools"],
    [405, "Tool calling is not supported for model: m"],
    [400, "Tool calling is not supported for model: m"],
    [400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
    [
      400,
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
    ],
    [400, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"],
    [400, "Unexpected role 'user' after role 'tool'"],
    [400, "Invalid 'messages[2].tool_calls[0].function.name': string does not match pattern."],
    [400, "Invalid tool_call_id: too long"],
    [400, "This model's maximum context length is 8192 tokens"],
    [400, "Unrecognized request argument supplied: stream_options"],
    [401, "Invalid schema for function 'x'"],
    [500, "Internal server error"],
    [400, ""],
  ])("it is not: %i %s", (status, text) => {
    expect(isAboutTools(status, text)).toBe(false);
  });
});

test("whatever a provider writes, it is read", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("tools[", "tools.", "function '", "function_declarations[", "]", '\\"', ...NAMES),
    fc.nat().map(String),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 200 }).map((all) => all.join("")),
      fc.integer(),
      (text, status) => {
        for (const name of namedTools(text, NAMES)) expect(NAMES).toContain(name);
        isAboutTools(status, text);
      },
    ),
  );
  expect(isAboutTools(400, "a".repeat(5_000_000))).toBe(false);
  expect(namedTools("tools ".repeat(500_000), NAMES)).toEqual([]);
});

describe("a search for the culprit", () => {
  /** Answers as a provider that refuses whatever has one of these in it. */
  function search(names: readonly string[], culprits: ReadonlySet<string>) {
    let state = culpritSearch(names);
    const tried: string[][] = [];
    const taken = new Set<string>();
    while (state.next !== null) {
      tried.push([...state.next]);
      const isRefused = state.next.some((name) => culprits.has(name));
      if (!isRefused) for (const name of state.next) taken.add(name);
      state = isRefused ? state.refused() : state.taken();
    }
    // Offered all the same, though no request with them has been taken.
    const unproven = names.filter((name) => !taken.has(name) && !state.leftOut.includes(name));
    return { ...state, tried, unproven };
  }
  const names = (count: number) => Array.from({ length: count }, (_, at) => `far__t${at}`);

  test("one among up to eight is found, wherever it stands, in three requests", () => {
    for (let count = 1; count <= 8; count += 1) {
      for (const culprit of names(count)) {
        const { leftOut, tried } = search(names(count), new Set([culprit]));
        expect([count, leftOut]).toEqual([count, [culprit]]);
        expect(tried.length).toBeLessThanOrEqual(3);
      }
    }
  });

  test("among more, the smallest group that has it is left out", () => {
    const { leftOut, unproven, tried } = search(names(100), new Set(["far__t99"]));
    expect(leftOut).toContain("far__t99");
    expect(leftOut.length).toBeLessThanOrEqual(13);
    expect(unproven).toEqual([]);
    expect(tried).toHaveLength(3);
  });

  test("requests that are left over prove the rest", () => {
    expect(search(names(2), new Set(["far__t0"]))).toMatchObject({
      leftOut: ["far__t0"],
      unproven: [],
      tried: [["far__t0"], ["far__t1"]],
    });
    expect(search(names(2), new Set(names(2)))).toMatchObject({ leftOut: names(2), unproven: [] });
    expect(search(names(1), new Set(names(1)))).toMatchObject({ leftOut: names(1), tried: [] });
    expect(search([], new Set())).toMatchObject({ leftOut: [], unproven: [], tried: [] });
  });

  test("whatever refuses: few requests, nothing good is called bad alone, and without the doubtful ones all is taken", () => {
    const cases = fc
      .integer({ min: 1, max: 60 })
      .chain((count) => fc.tuple(fc.constant(names(count)), fc.subarray(names(count), { minLength: 1 })));
    fc.assert(
      fc.property(cases, ([all, bad]) => {
        const culprits = new Set(bad);
        const { leftOut, unproven, tried } = search(all, culprits);
        expect(tried.length).toBeLessThanOrEqual(3);
        expect(leftOut.some((name) => culprits.has(name))).toBe(true);
        const certain = all.filter((name) => !leftOut.includes(name) && !unproven.includes(name));
        expect(certain.filter((name) => culprits.has(name))).toEqual([]);
        if (leftOut.length === 1) expect(culprits.has(leftOut[0]!)).toBe(true);
      }),
    );
  });

  test("answers after its end change nothing", () => {
    const over = search(names(3), new Set(["far__t1"]));
    expect(over.taken().leftOut).toEqual(over.leftOut);
    expect(over.refused().leftOut).toEqual(over.leftOut);
  });
});
