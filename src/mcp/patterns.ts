import { RE2JS } from "re2js";

/**
 * Whether an untrusted pattern occurs in a text; null where the pattern is not checked. `spend` is told what
 * it costs, before it is done.
 */
export type Patterns = (pattern: string, text: string, spend: (steps: number) => void) => boolean | null;

/** The time is that of the text's length times the pattern's size; so many of those are one step. */
const CHARACTERS_PER_STEP = 50;

/**
 * Patterns of a server's schema, on an engine whose time is linear in the text: JavaScript's own tries
 * `^(a+)+$` in exponential time, and nobody can stop it. What the engine cannot read (look-aheads,
 * back-references) is not checked here; the server does that itself.
 *
 * @param unreadable told of each pattern that is not checked, once
 */
export function linearPatterns(unreadable: (pattern: string) => void): Patterns {
  const compiled = new Map<string, RE2JS | null>();
  const compile = (pattern: string): RE2JS | null => {
    try {
      return RE2JS.compile(RE2JS.translateRegExp(pattern));
    } catch {
      unreadable(pattern);
      return null;
    }
  };
  return (pattern, text, spend) => {
    let engine = compiled.get(pattern);
    if (engine === undefined) {
      spend(pattern.length);
      engine = compile(pattern);
      compiled.set(pattern, engine);
    }
    if (engine === null) return null;
    spend(1 + (engine.programSize() * text.length) / CHARACTERS_PER_STEP);
    return engine.test(text);
  };
}
