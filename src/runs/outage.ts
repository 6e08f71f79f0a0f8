import { BackendUnavailableError } from "../errors.ts";
import type { WindUpDeps } from "./deps.ts";

/** With the backend away nothing has failed: the work pauses, and is taken up again from the last checkpoint. */
export async function refuseToFailWithoutBackend(
  { backend }: Pick<WindUpDeps, "backend">,
  error: unknown,
): Promise<void> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof BackendUnavailableError) throw cause;
    if (backend.isOutage(cause)) throw new BackendUnavailableError(cause);
  }
  // Whatever it says of itself: an error while the backend does not answer is no verdict on the run.
  await backend.ping();
}
