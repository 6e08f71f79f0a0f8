const THINK = { open: "<think>", close: "</think>" };
const FENCE = "```";

/**
 * The JSON in a model's text, which may have thoughts, fences and remarks around it. Reads each character a
 * few times at most, whatever the text is: it comes from outside, and a regular expression with two open ends
 * could take very long.
 *
 * @throws when there is none, or when it cannot be parsed
 */
export function findJson(text: string): unknown {
  const answer = withoutThoughts(text);
  const candidate = fenced(answer) ?? answer;
  const from = firstOf(candidate, "{", "[");
  const to = Math.max(candidate.lastIndexOf("}"), candidate.lastIndexOf("]"));
  if (from < 0 || to < from) throw new Error("the text holds no JSON");
  return JSON.parse(candidate.slice(from, to + 1));
}

/** Each from its `<think>` to the next `</think>`; one that is not closed is left in. */
function withoutThoughts(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf(THINK.open, from);
    const close = open < 0 ? -1 : text.indexOf(THINK.close, open);
    if (close < 0) return [...parts, text.slice(from)].join("");
    parts.push(text.slice(from, open));
    from = close + THINK.close.length;
  }
}

/** What stands in the first code block, without its language; undefined when there is none that is closed. */
function fenced(text: string): string | undefined {
  const open = text.indexOf(FENCE);
  if (open < 0) return undefined;
  const from = open + FENCE.length;
  const close = text.indexOf(FENCE, from);
  if (close < 0) return undefined;
  const block = text.slice(from, close);
  return block.slice(0, 4).toLowerCase() === "json" ? block.slice(4) : block;
}

function firstOf(text: string, ...characters: string[]): number {
  const found = characters.map((each) => text.indexOf(each)).filter((at) => at >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}
