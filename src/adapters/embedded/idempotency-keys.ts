import type { BeginResult, Idempotency } from "../../ports/thread-registry.ts";
import type { Owner } from "../../records/run.ts";

const TTL_MS = 24 * 60 * 60 * 1000;

interface IdempotencyKeys {
  /** What the key stands for, or null when it is free. */
  find(owner: Owner, idempotency: Idempotency): BeginResult | null;
  keep(owner: Owner, idempotency: Idempotency, runId: string): void;
}

/** @param exists whether there is such a run (still) */
export function createIdempotencyKeys(
  now: () => number,
  exists: (runId: string) => boolean,
): IdempotencyKeys {
  // All live equally long: the oldest come first.
  const keys = new Map<string, { runId: string; bodyDigest: string; expiresAt: number }>();
  const nameOf = ({ tenantId, userId }: Owner, { key }: Idempotency) =>
    JSON.stringify([tenantId, userId, key]);

  const sweep = () => {
    for (const [name, { expiresAt }] of keys) {
      if (expiresAt > now()) return;
      keys.delete(name);
    }
  };

  return {
    find(owner, idempotency) {
      sweep();
      const first = keys.get(nameOf(owner, idempotency));
      if (first === undefined || !exists(first.runId)) return null;
      if (first.bodyDigest !== idempotency.bodyDigest) return { kind: "mismatch" };
      return { kind: "repeated", runId: first.runId };
    },
    keep(owner, idempotency, runId) {
      const name = nameOf(owner, idempotency);
      keys.delete(name);
      keys.set(name, { runId, bodyDigest: idempotency.bodyDigest, expiresAt: now() + TTL_MS });
    },
  };
}
