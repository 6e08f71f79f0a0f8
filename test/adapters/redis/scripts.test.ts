import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { RecordFormatError } from "../../../src/adapters/redis/record-format.ts";
import { type DefinedScript, defineScript, type Parameter } from "../../../src/adapters/redis/script.ts";

const folder = resolve(import.meta.dirname, "../../../src/adapters/redis/scripts");
const files = readdirSync(folder);
const luaOf = (name: string) => readFileSync(join(folder, `${name}.lua`), "utf8");

type Defined = Pick<DefinedScript<readonly Parameter[], readonly Parameter[], unknown>, "parameters">;
const isDefined = (value: unknown): value is Defined => typeof value === "function" && "parameters" in value;
const modules: Record<string, unknown>[] = await Promise.all(
  files.filter((file) => file.endsWith(".ts")).map((file) => import(join(folder, file))),
);
const defined = modules
  .flatMap((module) => Object.values(module))
  .filter(isDefined)
  .map(({ parameters }) => parameters);

/** Places as a header names them: `KEYS[1] a`, `ARGV[2], ... list`, `then list`; `, two each:` for groups. */
function headerOf(lua: string): Record<"KEYS" | "ARGV", string[]> {
  const found: Record<"KEYS" | "ARGV", string[]> = { KEYS: [], ARGV: [] };
  let what: "KEYS" | "ARGV" = "KEYS";
  let group: number | null = null;
  for (const line of lua.split("\n")) {
    if (!line.startsWith("--") || line.startsWith("-- Returns")) break;
    const field = /^-- {3}(\w+)/.exec(line)?.[1];
    const names = found[what];
    if (field !== undefined && group !== null) names[group] = `${names[group]} ${field}`;
    const [, kind, number, more, name = "", each] =
      /^-- (?:(KEYS|ARGV)\[(\d+)\](, \.\.\.)?|then) (\w+)(, \w+ each:$)?/.exec(line) ?? [];
    if (name === "") continue;
    what = kind === "KEYS" || kind === "ARGV" ? kind : what;
    if (number !== undefined) expect(Number(number), line).toBe(found[what].length + 1);
    const isList = more !== undefined || number === undefined;
    found[what].push(isList && each === undefined ? `...${name}` : name);
    group = each === undefined ? null : found[what].length - 1;
  }
  return found;
}

const asNamed = (place: Parameter) =>
  typeof place === "string"
    ? place.replace("?", "")
    : Object.entries(place)
        .map(([list, names]) => [list, ...names].join(" "))
        .join();

test.each(defined)(
  "the header of $name explains keys and arguments under the names of its definition",
  (script) => {
    const lua = luaOf(script.name);
    expect(headerOf(lua)).toEqual({ KEYS: script.keys.map(asNamed), ARGV: script.args.map(asNamed) });
    for (const [kind, places] of [["KEYS", script.keys] as const, ["ARGV", script.args] as const]) {
      const read = [...lua.matchAll(new RegExp(`${kind}\\[(\\d+)\\]`, "g"))].map(([, number]) =>
        Number(number),
      );
      expect(Math.max(0, ...read)).toBeLessThanOrEqual(places.length);
      const firstOptional = places.findIndex((place) => typeof place === "string" && place.endsWith("?"));
      const behind = firstOptional < 0 ? [] : places.slice(firstOptional);
      expect(behind.filter((place) => typeof place !== "string" || !place.endsWith("?"))).toEqual([]);
    }
  },
);

test("every Lua file has one definition", () => {
  const lua = files.filter((file) => file.endsWith(".lua")).map((file) => file.replace(".lua", ""));
  expect(defined.map(({ name }) => name).sort()).toEqual(lua.sort());
});

test("names become places, in the order of the definition", async () => {
  const sent: unknown[] = [];
  const runner = { script: async (_: unknown, ...given: unknown[]) => sent.push(given) };
  const script = defineScript(
    "touch",
    ["thread", { approvals: ["record", "owner"] }, "lease?"],
    ["count", "...ids", { pairs: ["name", "value"] }, "holder?"],
    z.literal(1),
  );
  const approvals = [
    { owner: "o1", record: "r1" },
    { record: "r2", owner: "o2" },
  ];
  const pairs = [{ value: 0, name: "" }];
  const args = { pairs, ids: ["b", "a"], holder: "h", count: 2 };
  expect(await script(runner, { lease: "l", approvals, thread: "t" }, args)).toBe(1);
  await expect(
    script(runner, { thread: "t", approvals: [] }, { count: 0, ids: [], pairs: [] }),
  ).rejects.toThrow(new RecordFormatError("t", "cannot be read: : Invalid input: expected 1"));
  expect(sent).toEqual([
    [
      ["t", "r1", "o1", "r2", "o2", "l"],
      [2, "b", "a", "", 0, "h"],
    ],
    [["t"], [0]],
  ]);
});
