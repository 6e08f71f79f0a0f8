/** Leave to work on a run. */
export interface Place {
  /** Nobody else of this process works on a run; false once it is shared. */
  readonly alone: boolean;
  /** Lets the others in, if it was alone. */
  share(): void;
  leave(): void;
}

/** Who of one process may work: many beside each other, or one alone. */
export interface Gate {
  /** Waits while somebody is alone, or is about to be; null when `signal` was aborted before. */
  enter(signal: AbortSignal): Promise<Place | null>;
  /**
   * Lets nobody else in, and waits up to `patienceMs` until those who are in have left. Null when they have
   * not, when `signal` was aborted before, or when somebody else is alone or about to be.
   */
  enterAlone(patienceMs: number, signal: AbortSignal): Promise<Place | null>;
}

export function createGate(): Gate {
  let inside = 0;
  let reserved = false;
  /** Called when the one who reserved it may go in. */
  let whenEmpty: (() => void) | null = null;
  const waiting = new Set<() => void>();

  const open = () => {
    reserved = false;
    whenEmpty = null;
    for (const goIn of waiting) goIn();
    waiting.clear();
  };
  const leave = () => {
    inside -= 1;
    if (inside === 0) whenEmpty?.();
  };

  const place = (isAlone: boolean): Place => {
    inside += 1;
    return createPlace(isAlone, leave, open);
  };

  return {
    enter(signal) {
      if (signal.aborted) return Promise.resolve(null);
      if (!reserved) return Promise.resolve(place(false));
      return new Promise((resolve) => {
        const goIn = () => {
          signal.removeEventListener("abort", giveUp);
          resolve(signal.aborted ? null : place(false));
        };
        const giveUp = () => {
          waiting.delete(goIn);
          resolve(null);
        };
        signal.addEventListener("abort", giveUp, { once: true });
        waiting.add(goIn);
      });
    },
    enterAlone(patienceMs, signal) {
      if (signal.aborted || reserved) return Promise.resolve(null);
      reserved = true;
      if (inside === 0) return Promise.resolve(place(true));
      return new Promise((resolve) => {
        const settle = (entered: Place | null) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", giveUp);
          whenEmpty = null;
          resolve(entered);
          if (entered === null) open();
        };
        const giveUp = () => settle(null);
        const timer = setTimeout(giveUp, patienceMs);
        signal.addEventListener("abort", giveUp, { once: true });
        whenEmpty = () => settle(place(true));
      });
    },
  };
}

function createPlace(isAlone: boolean, leave: () => void, letOthersIn: () => void): Place {
  let left = false;
  let alone = isAlone;
  const share = () => {
    if (!alone) return;
    alone = false;
    letOthersIn();
  };
  return {
    get alone() {
      return alone;
    },
    share,
    leave() {
      if (left) return;
      left = true;
      leave();
      share();
    },
  };
}
