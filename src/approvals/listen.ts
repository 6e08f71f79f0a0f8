import { keepListening, type Listening } from "../keep-listening.ts";
import type { SignalBus } from "../ports/signal-bus.ts";
import { type DecideDeps, decideBySignal } from "./decide.ts";

export type ListenDeps = DecideDeps & {
  /** Signals may have been missed: decisions have to be looked for. */
  onGap(): void;
};

/**
 * Hears the signals of every session on one subscription for as long as the process lives. Closing it waits
 * for the signals that are being worked on.
 */
export async function listenForSignals(bus: SignalBus, deps: ListenDeps): Promise<Listening> {
  const working = new Set<Promise<void>>();
  const listener = {
    onSignal(signal: Parameters<typeof decideBySignal>[1]) {
      const work = decideBySignal(deps, signal)
        .catch((err: unknown) => {
          deps.logger.error({ err, sessionId: signal.sessionId }, "signal could not be taken in");
        })
        .finally(() => working.delete(work));
      working.add(work);
    },
    onGap: deps.onGap,
  };
  const subscription = await keepListening(() => bus.listen(listener), deps.logger, "signals");
  return {
    isListening: subscription.isListening,
    async close() {
      await subscription.close();
      await Promise.all(working);
    },
  };
}
