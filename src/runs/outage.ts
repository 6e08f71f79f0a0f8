import { BackendUnavailableError } from "../errors.ts";
import type { Backend } from "../ports/backend.ts";

export type OutageDeps = Pick<Backend, "ping" | "isOutage">;

/**
 * With the backend away nothing has failed: the work pauses, and is taken up again from the last checkpoint.
 *
 * @throws BackendUnavailableError when the error comes from an outage, or the backend does not answer now
 */
export async function refuseToFailWithoutBackend(backend: OutageDeps, error: unknown): Promise<void> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof BackendUnavailableError) throw cause;
    if (backend.isOutage(cause)) throw new BackendUnavailableError(cause);
  }
  // An error while the backend does not answer proves nothing against the run, whatever the error says.
  await backend.ping();
}
