import { isObject, type Keywords } from "./json-schema-values.ts";

/** What every provider takes as a property's name. */
const NAME = /^[a-zA-Z0-9_.-]{1,64}$/;

/** Longest made-up name, in characters, without the suffix that makes it unique. */
const MAX_MADE_UP = 50;

/** Gives a value the names back that its server knows. */
export type Restore = (value: unknown) => unknown;

/** A name that providers take for each of these, different from all of them where it is not the same. */
export function offeredNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set(names);
  return new Map(
    names.map((name) => {
      if (NAME.test(name)) return [name, name];
      const plain = name.replaceAll(/[^a-zA-Z0-9]+/g, "_").slice(0, MAX_MADE_UP);
      const base = /[a-zA-Z0-9]/.test(plain) ? plain : "argument";
      let made = base;
      for (let count = 2; taken.has(made); count += 1) made = `${base}_${count}`;
      taken.add(made);
      return [name, made];
    }),
  );
}

/** Of an object's keys, by the name that was offered for them. */
export interface RestoredKey {
  offered: string;
  name: string;
  restore: Restore | undefined;
}

/** Undefined where everything has its own name already. */
export function restoreObject(keys: readonly RestoredKey[]): Restore | undefined {
  const changed = keys.filter(({ offered, name, restore }) => offered !== name || restore !== undefined);
  if (changed.length === 0) return undefined;
  const byOffered = new Map(changed.map((each) => [each.offered, each]));
  return (value) => {
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map((entry) => restored(value, entry, byOffered)));
  };
}

function restored(
  value: Keywords,
  [key, each]: [string, unknown],
  byOffered: ReadonlyMap<string, RestoredKey>,
): [string, unknown] {
  const known = byOffered.get(key);
  // A model that has used the server's own name as well means that one.
  if (known === undefined || (key !== known.name && Object.hasOwn(value, known.name))) return [key, each];
  return [known.name, known.restore === undefined ? each : known.restore(each)];
}

export function restoreItems(restore: Restore | undefined): Restore | undefined {
  if (restore === undefined) return undefined;
  return (value) => (Array.isArray(value) ? value.map((each) => restore(each)) : value);
}

/** For a value that may have any of several forms. */
export function restoreAll(restores: readonly (Restore | undefined)[]): Restore | undefined {
  const own = restores.filter((each) => each !== undefined);
  return own.length === 0 ? undefined : (value) => own.reduce((each, restore) => restore(each), value);
}
