/** One promise of docs/architecture.md, broken in one line. */
export interface Mutant {
  /** Where in the checkout. */
  file: string;
  /** A piece of that file's text that occurs there once: as short as is safe, so that it outlives other changes. */
  source: string;
  replacement: string;
  /** What the break takes away. */
  promise: string;
  /** Test files of which at least one notices. */
  tests: readonly string[];
}

/** The file's text with the mutant in it; a reason in words when the list has to follow a change of the code. */
export function mutate(
  text: string,
  { file, source, replacement }: Mutant,
): { text: string } | { stale: string } {
  const pieces = text.split(source);
  if (pieces.length === 2) return { text: pieces.join(replacement) };
  const found = pieces.length === 1 ? "is not there any more" : `is there ${pieces.length - 1} times`;
  return { stale: `${file}: the text ${JSON.stringify(source)} ${found}` };
}
