/** An approval is written a few times in its life: more conflicts than this are not our services' doing. */
const MAX_ATTEMPTS = 100;

/**
 * Reads and writes anew for as long as the script refuses, because what was read has changed meanwhile. Each
 * conflict means that somebody else has written, so that there is an end to it.
 *
 * @throws Error after 100 conflicts
 */
export async function retryOnConflict<T>(attempt: () => Promise<T | "conflict">): Promise<T> {
  for (let tried = 0; tried < MAX_ATTEMPTS; tried += 1) {
    const result = await attempt();
    if (result !== "conflict") return result;
  }
  throw new Error("an approval is being rewritten without end");
}
