import type { ServerRefusal } from "./errors.ts";

/** What a server says about a request that was too long. */
interface ContextRefusal {
  /** Tokens that it reads. */
  limit?: number;
  /** Tokens that it was given. */
  tokens?: number;
}

/** How servers say that a request was too long, in lower case. */
const SIGNS = [
  "context_length_exceeded",
  "context length",
  "context size",
  "context window",
  "maximum context",
  "prompt is too long",
  "prompt too long",
  "input is too long",
  "too many tokens",
  "input token count",
  "exceed_context_size",
  "reduce the length",
  "max_prompt_tokens",
  "maximum prompt length",
  "too large for model",
];

/** A number as servers write it: 8192, 8,192. Bounded, because the text comes from outside. */
const NUMBER = "([0-9][0-9,]{1,12})";

/** Patterns of how much the model reads. */
const LIMITS = [
  `(?:context (?:length|size|window)|maximum context length)[^0-9]{0,30}${NUMBER}`,
  `(?:maximum|max|limit)[^0-9]{0,60}${NUMBER}`,
  `> ${NUMBER} maximum`,
  `n_ctx[^0-9]{0,6}${NUMBER}`,
  `model with ${NUMBER}`,
  `allowed \\(${NUMBER}\\)`,
].map((source) => new RegExp(source));

/** Patterns of how long the request was. */
const LENGTHS = [
  `(?:resulted in|requested|n_prompt_tokens|contains|too long:|has|count|have|of)[^0-9]{0,6}${NUMBER}`,
].map((source) => new RegExp(source));

/** Plausible sizes of a context window, in tokens. */
const [LEAST, MOST] = [256, 100_000_000];

/** Null when the refusal is about something else. */
export function contextRefusal(refusal: ServerRefusal): ContextRefusal | null {
  const said = refusal.said().toLowerCase();
  if (!(refusal.isAboutRequest || refusal.status === 500) || !SIGNS.some((sign) => said.includes(sign))) {
    return null;
  }
  const limit = numberIn(said, LIMITS);
  const tokens = numberIn(said, LENGTHS);
  return {
    ...(limit === undefined ? {} : { limit }),
    // The same number twice is the limit.
    ...(tokens === undefined || (limit !== undefined && tokens <= limit) ? {} : { tokens }),
  };
}

function numberIn(text: string, patterns: readonly RegExp[]): number | undefined {
  for (const pattern of patterns) {
    const found = Number(pattern.exec(text)?.[1]?.replaceAll(",", ""));
    if (found >= LEAST && found <= MOST) return found;
  }
  return undefined;
}
