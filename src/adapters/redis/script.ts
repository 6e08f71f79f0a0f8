import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { parseRecord } from "./record-format.ts";

/** A Lua script: runs in Redis as one atomic step. */
interface Script {
  readonly source: string;
  /** How Redis names it in EVALSHA. */
  readonly sha: string;
}

export type Argument = string | number;

/** What runs scripts (RedisCommands). */
export interface ScriptRunner {
  script(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
}

/**
 * What stands where in KEYS or ARGV:
 *
 *   "name"                  one value
 *   "name?"                 one value, or none; nothing that is given may stand behind it then
 *   "...name"               a list of values
 *   { name: ["a", "b"] }    a list of groups, each of them a value a and a value b
 */
export type Parameter = string | { readonly [list: string]: readonly string[] };

/** Each parameter's value under its name. */
type Named<P extends readonly Parameter[], V extends Argument> = {
  readonly [Name in P[number] as Name extends `...${string}` | `${string}?` | object ? never : Name]: V;
} & {
  readonly [Name in P[number] as Name extends `${infer Bare}?` ? Bare : never]?: V | undefined;
} & {
  readonly [Name in P[number] as Name extends `...${infer Bare}` ? Bare : never]: readonly V[];
} & {
  readonly [List in GroupsIn<P[number]>]: readonly { readonly [Name in GroupOf<P[number], List>]: V }[];
};

type GroupsIn<P extends Parameter> = P extends string ? never : keyof P & string;
type GroupOf<P extends Parameter, List extends string> = Extract<
  P,
  { readonly [list in List]: readonly string[] }
>[List][number];

/** A script, to be called with its keys and arguments by their names. */
export interface DefinedScript<K extends readonly Parameter[], A extends readonly Parameter[], Reply> {
  /**
   * @throws BackendUnavailableError when Redis cannot do it now; RecordFormatError, which names the first
   *   key, when what it answers is not what the definition says
   */
  (redis: ScriptRunner, keys: Named<K, string>, args: Named<A, Argument>): Promise<Reply>;
  readonly parameters: { readonly name: string; readonly keys: K; readonly args: A };
}

/**
 * Gives the Lua script scripts/<name>.lua its types. Its header explains keys, arguments and replies under
 * the same names; a test holds that they agree.
 */
export function defineScript<
  const K extends readonly Parameter[],
  const A extends readonly Parameter[],
  Reply,
>(name: string, keys: K, args: A, reply: z.ZodType<Reply>): DefinedScript<K, A, Reply> {
  const script = loadScript(name);
  const call = async (redis: ScriptRunner, byName: Named<K, string>, given: Named<A, Argument>) => {
    const ordered = inOrder(keys, byName).map(String);
    return parseRecord(reply, await redis.script(script, ordered, inOrder(args, given)), ordered[0] ?? name);
  };
  return Object.assign(call, { parameters: Object.freeze({ name, keys, args }) });
}

/** Reads scripts/<name>.lua. */
function loadScript(name: string): Script {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8");
  return Object.freeze({ source, sha: createHash("sha1").update(source).digest("hex") });
}

type Group = Readonly<Record<string, Argument>>;
type Given = Readonly<Record<string, Argument | undefined | readonly (Argument | Group)[]>>;

function inOrder(parameters: readonly Parameter[], given: Given): Argument[] {
  return parameters.flatMap((parameter) => {
    if (typeof parameter === "string") return flat(given[parameter.replace(/^\.{3}|\?$/g, "")], []);
    return Object.entries(parameter).flatMap(([list, names]) => flat(given[list], names));
  });
}

function flat(value: Given[string], names: readonly string[]): Argument[] {
  if (value === undefined) return [];
  if (typeof value !== "object") return [value];
  return value.flatMap((one) => (typeof one === "object" ? names.map((name) => required(one, name)) : one));
}

function required(group: Group, name: string): Argument {
  const value = group[name];
  if (value === undefined) throw new TypeError(`a script's argument ${name} is missing`);
  return value;
}
