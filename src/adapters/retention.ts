/** How long everything of a thread is kept after its last use, unless the configuration says otherwise. */
export const DEFAULT_THREAD_TTL_MS = 30 * 24 * 60 * 60 * 1000;

/** How long a domain event that was taken in is remembered, in ms: what comes again adds nothing. */
export const SEEN_TTL_MS = 24 * 60 * 60_000;
