import fc from "fast-check";

/** What stands in a value's place after a mutation. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    [],
    {},
    0,
    -1,
    true,
    false,
    "\ud800",
    "x".repeat(100_000),
    2 ** 60,
    "null",
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** One change of a JSON value: where, by numbers that choose among its places, and what. */
const change = fc.record({
  path: fc.array(fc.nat({ max: 40 }), { maxLength: 8 }),
  how: fc.constantFrom("replace", "remove", "rename", "repeat", "wrap", "deepen"),
  by: junk,
});

/** A JSON value with up to four things changed that a stranger may get wrong. */
export function mutated(values: readonly unknown[]): fc.Arbitrary<unknown> {
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });
  return fc
    .tuple(fc.constantFrom(...values), changes)
    .map(([value, all]) =>
      all.reduce((each: unknown, { path, how, by }) => mutate(each, path, how, by), structuredClone(value)),
    );
}

function mutate(value: unknown, path: readonly number[], how: string, by: unknown): unknown {
  const [first, ...rest] = path;
  const isParent = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (first === undefined || !isParent) return changed(value, how, by);
  const keys = Object.keys(value);
  const key = keys[first % keys.length]!;
  if (Array.isArray(value)) {
    const at = Number(key);
    if (rest.length === 0 && how === "remove") return value.toSpliced(at, 1);
    if (rest.length === 0 && how === "repeat") return [...value, ...Array(50).fill(value[at])];
    return value.with(at, mutate(value[at], rest, how, by));
  }
  const { [key]: own, ...others } = value as Record<string, unknown>;
  if (rest.length === 0 && how === "remove") return others;
  if (rest.length === 0 && how === "rename") return { ...others, [String(by).slice(0, 50)]: own };
  return { ...value, [key]: mutate(own, rest, how, by) };
}

function changed(value: unknown, how: string, by: unknown): unknown {
  if (how === "wrap") return [value];
  if (how === "deepen")
    return Array.from({ length: 300 }).reduce<unknown>((inner) => ({ x: [inner] }), value);
  return by;
}
