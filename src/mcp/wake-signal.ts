/** Ends a wait before its time. A call of `wake` while nobody waits is kept for the next wait. */
export interface WakeSignal {
  wake(): void;
  /** Resolves at the next `wake`, or after `ms`. */
  wait(ms: number): Promise<void>;
}

export function createWakeSignal(): WakeSignal {
  let isKept = false;
  let end: (() => void) | null = null;
  return {
    wake() {
      if (end === null) isKept = true;
      else end();
    },
    wait(ms) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          end = null;
          isKept = false;
          resolve();
        };
        const timer = setTimeout(done, ms);
        end = done;
        if (isKept) done();
      });
    },
  };
}
