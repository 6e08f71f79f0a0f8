/** For models that do not say how much they read. */
export const DEFAULT_MAX_INPUT_TOKENS = 16_000;

/** Kept free for the answer and for what the estimate gets wrong. */
const RESERVE = 0.2;

/**
 * Tokens. A smaller estimate is mostly our guess of a request's overhead, and teaches nothing about its text.
 */
const MIN_TO_LEARN = 500;

/** Factors between a server's count and our estimate that are believed. */
const [LEAST, MOST] = [0.5, 4];

/** Factor for the next request when a server does not say how long it may be. */
const SHRINK = 0.6;

export interface ContextWindow {
  /** How long the next request may be, in tokens as we estimate them. */
  budget(): number;
  /**
   * False when a request is surely too long for what is known of the model; the estimate may be twice too
   * high.
   */
  mayFit(estimate: number): boolean;
  /** A request has been answered: its estimate, and the tokens that the server counted. */
  counted(estimate: number, tokens: number): void;
  /** A request was refused as too long. */
  exceeded(estimate: number, said: { limit?: number; tokens?: number }): void;
}

/**
 * How much one model reads: what is known of it, corrected by what its server says. Lives as long as the
 * process.
 *
 * @param tokens what the settings or the model's profile say, else a guess
 */
export function contextWindow(tokens: number, { isKnown }: { isKnown: boolean }): ContextWindow {
  let limit = tokens;
  let isSure = isKnown;
  /** Tokens as the server counts them, per token of our estimate. */
  let ratio = 1;
  const learn = (estimate: number, told: number) => {
    if (estimate < MIN_TO_LEARN) return;
    const seen = Math.min(MOST, Math.max(LEAST, told / estimate));
    // Up at once, and down slowly: the next text may be in another language.
    ratio = seen > ratio ? seen : (3 * ratio + seen) / 4;
  };
  return {
    budget: () => Math.floor((limit * (1 - RESERVE)) / ratio),
    mayFit: (estimate) => !isSure || estimate * ratio <= 2 * limit,
    counted: learn,
    exceeded(estimate, { limit: told, tokens: length }) {
      if (length !== undefined) learn(estimate, length);
      isSure ||= told !== undefined;
      limit = Math.min(limit, told ?? Math.floor(estimate * ratio * SHRINK));
    },
  };
}
