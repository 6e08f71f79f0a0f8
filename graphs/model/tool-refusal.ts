/**
 * Reads what a provider's refusal of a request says about the tools that were offered, and finds the refused
 * tool where it does not say. Nothing here makes a request.
 */

/**
 * How much of a refusal is read: no sentence about a tool is longer, and some refusals quote the whole
 * request.
 */
const MAX_TEXT = 20_000;

/**
 * Statuses of a request that was looked at and refused; 500 is what llama.cpp answers to a schema that it
 * cannot convert.
 */
const REFUSED: ReadonlySet<number> = new Set([400, 422, 500]);

/** It names the schema or the place of an offered tool. */
const OF_AN_OFFER: readonly RegExp[] = [
  /\bschema for (?:function|tool)\b/i,
  /\bfunction_?declarations?\b|\binput_schema\b/i,
  /\btools(?:\[|\.|\/|['"]?\s*,\s*|\s*->\s*)\d/i,
];

const ABOUT_TOOLS: readonly RegExp[] = [
  ...OF_AN_OFFER,
  /\binvalid[ _](?:tool|function)s?[ _](?:schemas?|parameters?|names?|definitions?)\b/i,
  /\bfunction\.(?:name|parameters|description)\b/i,
  /\b(?:tool|function)s?(?: name)?:? ?['"`][\w-]{1,64}['"`].{0,80}\b(?:invalid|schema|definition|parameters?)\b/i,
  /\b(?:tool|function)s?[' ](?:parameters?|schemas?|definitions?)\b/i,
  /\btoo many (?:tools|functions)\b|['"]?tools['"]?: array too long/i,
  /\b(?:array|object) schema missing\b|\bjson schema (?:is invalid|conversion)/i,
  /\b(?:parse|compile|convert|unsupported|invalid)\b.{0,60}\bgrammar\b|\bgrammar error\b/i,
];

/** About a message of the history, which has names and arguments of functions too. */
const OF_THE_HISTORY = /\bmessages?(?:\[|\.|\/|['"]\s*,\s*|\s*->\s*)\d/i;

/** The model, or the server as it was started, takes no tools at all: no tool is to blame. */
const NO_TOOLS_AT_ALL =
  /\b(?:not|n't) support(?:ed|s)?\b.{0,40}\b(?:tools?|functions?)\b|\b(?:tool|function)s?[ -](?:use|call(?:ing|s)?)\b.{0,20}\bnot supported\b|enable-auto-tool-choice/i;

/**
 * Whether a provider refuses a request because of the tools that it offers; the text is its message or the
 * whole body.
 */
export function isAboutTools(status: number, errorText: string): boolean {
  const text = withoutEscapes(errorText);
  if (!REFUSED.has(status) || NO_TOOLS_AT_ALL.test(text)) return false;
  const signs = OF_THE_HISTORY.test(text) ? OF_AN_OFFER : ABOUT_TOOLS;
  return signs.some((sign) => sign.test(text));
}

/** Whether it says that its model takes no tools at all. */
export function takesNoTools(errorText: string): boolean {
  return NO_TOOLS_AT_ALL.test(withoutEscapes(errorText));
}

/**
 * The offered tools that a refusal names, by their name or their place. Empty where it names none, or so many
 * that it only quotes the request.
 *
 * @param toolNames in the order in which they were offered
 */
export function namedTools(errorText: string, toolNames: readonly string[]): string[] {
  const text = withoutEscapes(errorText);
  const bySubject = unique(
    matches(text, /\b(?:functions?|tools?)(?: name)?:? ?['"`]([A-Za-z0-9_-]{1,64})['"`]/gi),
  );
  const subjects = toolNames.filter((name) => bySubject.has(name));
  if (subjects.length > 0) return subjects;
  const byPlace = placesIn(text);
  const placed = toolNames.filter((_, at) => byPlace.has(at));
  if (placed.length > 0) return placed;
  const words = unique(matches(text, /([A-Za-z0-9_-]+)/g));
  const mentioned = toolNames.filter((name) => words.has(name));
  return mentioned.length === 1 ? mentioned : [];
}

/**
 * Places that a text names. Gemini has all functions in one tool: then the function's number counts, not the
 * tool's.
 */
function placesIn(text: string): ReadonlySet<number> {
  const declared = matches(text, /function_?declarations?(?:\[|\.|\/)(\d{1,4})(?!\d)/gi);
  const listed = matches(text, /\btools(?:\[|\.|\/|['"]\s*,\s*|\s*->\s*)(\d{1,4})(?!\d)/gi);
  return new Set((declared.length > 0 ? declared : listed).map(Number));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, found]) => found ?? []);
}

function unique(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts);
}

/** The beginning of a message, which is often JSON in JSON, without its escapes. */
function withoutEscapes(errorText: string): string {
  return errorText.slice(0, MAX_TEXT).replaceAll(/\\+(["'nr])/g, "$1");
}

/**
 * A search for the tools that make a provider refuse a request. Immutable: each result of a request leads to
 * a new state.
 */
interface CulpritSearch {
  /**
   * Names to offer in the next request, beside the tools that are not under suspicion; null when the search
   * is over.
   */
  readonly next: readonly string[] | null;
  /**
   * Names to leave out, as far as is known: the culprit, or the smallest group that is known to contain one.
   */
  readonly leftOut: readonly string[];
  /** The request with `next` was taken. */
  taken(): CulpritSearch;
  /** It was refused. */
  refused(): CulpritSearch;
}

/** How many requests a search may cost. */
const MAX_REQUESTS = 3;

/**
 * Begins where a request with all of `names` was refused and one without any of them was taken. Halves the
 * smallest group that is known to contain a culprit; when every refusal is explained, it tries all the rest
 * at once. One culprit among eight is found for certain.
 */
export function culpritSearch(names: readonly string[]): CulpritSearch {
  return searching({
    names,
    good: new Set(),
    groups: names.length === 0 ? [] : [names],
    left: MAX_REQUESTS,
  });
}

interface Known {
  names: readonly string[];
  /** Names that were in a request that was taken. */
  good: ReadonlySet<string>;
  /** Groups that were refused: at least one of each is a culprit. */
  groups: readonly (readonly string[])[];
  left: number;
}

function searching(known: Known): CulpritSearch {
  const { names, good } = known;
  const groups = known.groups
    .map((group) => group.filter((name) => !good.has(name)))
    .filter(({ length }) => length > 0);
  const culprits = new Set(groups.filter(({ length }) => length === 1).flat());
  const open = groups.filter((group) => !group.some((name) => culprits.has(name)));
  const [smallest] = open.toSorted((a, b) => a.length - b.length);
  const leftOut = new Set([...culprits, ...(smallest ?? [])]);
  const untried = names.filter((name) => !good.has(name) && !culprits.has(name));
  // Half of a group, or, when every refusal is explained, everything that has not been tried.
  const tried = smallest === undefined ? untried : smallest.slice(0, Math.ceil(smallest.length / 2));
  const isOver = known.left <= 0 || tried.length === 0;
  const after = (change: Partial<Known>) => searching({ ...known, groups, left: known.left - 1, ...change });
  const self: CulpritSearch = {
    next: isOver ? null : names.filter((name) => good.has(name) || tried.includes(name)),
    leftOut: names.filter((name) => leftOut.has(name)),
    taken: () => (isOver ? self : after({ good: new Set([...good, ...tried]) })),
    refused: () => (isOver ? self : after({ groups: [...groups, tried] })),
  };
  return Object.freeze(self);
}
