/** How long everything of a thread is kept after its last use, unless the configuration says otherwise. */
export const DEFAULT_THREAD_TTL_MS = 30 * 24 * 60 * 60 * 1000;
