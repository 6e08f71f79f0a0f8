type Handler = (channel: string, message: string) => void;

/**
 * The part of Redis that DWP's services share with Aura - strings with a TTL, and Pub/Sub - inside one
 * process. The dev stack's Main Service gets the same bus, so that approvals work with no Redis at all.
 */
export interface EmbeddedBus {
  get(key: string): string | null;
  /** @param ttlS lifetime in seconds */
  set(key: string, value: string, ttlS: number): void;
  /** Replaces the value and keeps the key's remaining lifetime; false when the key has expired. */
  replace(key: string, value: string): boolean;
  delete(key: string): void;
  /** Delivers to the present subscribers, at most once, after the caller's own turn; returns their number. */
  publish(channel: string, message: string): number;
  /** Hears every channel that starts with `prefix`; the returned function ends it. */
  subscribe(prefix: string, handler: Handler): () => void;
}

/** @param now clock in Unix ms, replaceable so that tests can let keys expire */
export function createEmbeddedBus(now: () => number = Date.now): EmbeddedBus {
  const values = new Map<string, { value: string; expiresAt: number }>();
  const subscriptions = new Set<{ prefix: string; handler: Handler }>();

  const live = (key: string) => {
    const entry = values.get(key);
    if (entry !== undefined && entry.expiresAt <= now()) {
      values.delete(key);
      return undefined;
    }
    return entry;
  };

  // Keys that nobody reads again would stay for ever: each write sweeps the oldest few.
  const sweep = () => {
    let looked = 0;
    for (const [key, entry] of values) {
      if (entry.expiresAt <= now()) values.delete(key);
      looked += 1;
      if (looked === 16) return;
    }
  };

  return {
    get: (key) => live(key)?.value ?? null,
    set(key, value, ttlS) {
      sweep();
      values.delete(key);
      values.set(key, { value, expiresAt: now() + ttlS * 1000 });
    },
    replace(key, value) {
      const entry = live(key);
      if (entry === undefined) return false;
      entry.value = value;
      return true;
    },
    delete: (key) => void values.delete(key),
    publish(channel, message) {
      const receivers = [...subscriptions].filter(({ prefix }) => channel.startsWith(prefix));
      for (const receiver of receivers) {
        queueMicrotask(() => {
          if (subscriptions.has(receiver)) receiver.handler(channel, message);
        });
      }
      return receivers.length;
    },
    subscribe(prefix, handler) {
      const subscription = { prefix, handler };
      subscriptions.add(subscription);
      return () => subscriptions.delete(subscription);
    },
  };
}
