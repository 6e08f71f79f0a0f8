/** What a refusal has to speak of, to be about the tools of a request. In lower case. */
const SIGNS = ["tool", "function", "schema", "parameters", "declaration"];

/** Whether a server's refusal, in its own words, may be about the tools that it was offered. */
export function isAboutTools(said: string): boolean {
  const lower = said.toLowerCase();
  return SIGNS.some((sign) => lower.includes(sign));
}

/** Whether it says that its model takes no tools at all. */
export function takesNoTools(said: string): boolean {
  return /(?:not|n't) support (?:the use of )?(?:tool|function)|(?:tool|function)[ _-](?:use|calling|calls?) (?:is|are) not supported/i.test(
    said,
  );
}

/** Where servers count: `tools[3].function`, `tools.3.custom`, `["body","tools",3]`, `function_declarations[2]`. */
const PLACES = [
  /function_?declarations["'\]]?[\s.,[>-]{1,4}(\d{1,4})/i,
  /tools["'\]]?[\s.,[>-]{1,4}(\d{1,4})/i,
];

/** About a message of the history, which has names of tools too. */
const OF_THE_HISTORY = /messages?["'\]]?[\s.,[>-]{1,4}\d/i;

/** Which of the offered tools a refusal is about: those that it names, else the one whose place it gives. */
export function namedTools(said: string, offered: readonly string[]): string[] {
  if (!isAboutTools(said)) return [];
  if (OF_THE_HISTORY.test(said) && !PLACES.some((place) => place.test(said))) return [];
  const words = new Set(said.match(/[A-Za-z0-9_-]+/g));
  const named = offered.filter((name) => words.has(name));
  if (named.length > 0) return named;
  for (const place of PLACES) {
    const name = offered[Number(place.exec(said)?.[1] ?? Number.NaN)];
    if (name !== undefined) return [name];
  }
  return [];
}

/** Requests that looking for the culprit may cost. */
const MAX_PROBES = 3;

/**
 * Narrows down which of several tools a server refuses, when it does not say: half of the suspects at a time. With more than eight of them a few
 * innocent ones stay among the suspects.
 *
 * @param takes asks the server with these tools; null when it cannot be told
 * @returns the suspects that are left; null when nothing was found out
 */
export async function culprits(
  suspects: readonly string[],
  takes: (names: readonly string[]) => Promise<boolean | null>,
): Promise<readonly string[] | null> {
  let left = suspects;
  for (let probe = 0; probe < MAX_PROBES && left.length > 1; probe += 1) {
    const half = left.slice(0, Math.ceil(left.length / 2));
    const taken = await takes(half);
    if (taken === null) return null;
    left = taken ? left.slice(half.length) : half;
  }
  return left;
}
