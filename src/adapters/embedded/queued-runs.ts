import type { OwnerCaps } from "../../records/owner-caps.ts";
import type { Owner, RunRecord } from "../../records/run.ts";

/** The runs that are `queued`, by tenant and user. */
export interface QueuedRuns {
  add(run: RunRecord): void;
  remove(run: RunRecord): void;
  /** Whose cap is reached; null when one more may be queued. */
  fullScope(owner: Owner, caps: OwnerCaps): keyof OwnerCaps | null;
}

export function createQueuedRuns(): QueuedRuns {
  const sets = new Map<string, Set<string>>();
  const namesOf = ({ tenantId, userId }: Owner) => ({
    user: JSON.stringify([tenantId, userId]),
    tenant: JSON.stringify([tenantId]),
  });

  return {
    add(run) {
      for (const name of Object.values(namesOf(run))) {
        sets.set(name, (sets.get(name) ?? new Set()).add(run.runId));
      }
    },
    remove(run) {
      for (const name of Object.values(namesOf(run))) {
        const runIds = sets.get(name);
        if (runIds?.delete(run.runId) === true && runIds.size === 0) sets.delete(name);
      }
    },
    fullScope(owner, caps) {
      const names = namesOf(owner);
      const scopes = ["user", "tenant"] as const;
      return scopes.find((scope) => (sets.get(names[scope])?.size ?? 0) >= caps[scope]) ?? null;
    },
  };
}
