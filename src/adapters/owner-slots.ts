import { createHash } from "node:crypto";
import type { OwnerCaps } from "../records/owner-caps.ts";
import type { Owner } from "../records/run.ts";

/** The names under which a thread's owner takes turns. */
export interface OwnerKey {
  tenant: string;
  user: string;
}

/** Who has as many handlers in this process as it may. */
export interface Full {
  tenants: readonly string[];
  users: readonly string[];
}

/** The handlers that run in this process, by owner. */
export interface OwnerSlots {
  take(owner: OwnerKey): void;
  give(owner: OwnerKey): void;
  hasRoom(owner: OwnerKey): boolean;
  full(): Full;
}

export const NO_CAPS: OwnerCaps = Object.freeze({
  user: Number.POSITIVE_INFINITY,
  tenant: Number.POSITIVE_INFINITY,
});

/**
 * Hashed: ids of any length and characters become names of one form, and two texts of any characters make
 * one.
 */
export function ownerKeyOf({ tenantId, userId }: Owner): OwnerKey {
  return { tenant: sha256([tenantId]), user: sha256([tenantId, userId]) };
}

export function createOwnerSlots(caps: OwnerCaps): OwnerSlots {
  const users = new Map<string, number>();
  const tenants = new Map<string, number>();
  const reached = (counts: Map<string, number>, cap: number) =>
    [...counts].filter(([, count]) => count >= cap).map(([name]) => name);

  return {
    take({ tenant, user }) {
      add(tenants, tenant, 1);
      add(users, user, 1);
    },
    give({ tenant, user }) {
      add(tenants, tenant, -1);
      add(users, user, -1);
    },
    hasRoom: ({ tenant, user }) =>
      (tenants.get(tenant) ?? 0) < caps.tenant && (users.get(user) ?? 0) < caps.user,
    full: () => ({ tenants: reached(tenants, caps.tenant), users: reached(users, caps.user) }),
  };
}

function add(counts: Map<string, number>, name: string, change: number): void {
  const count = (counts.get(name) ?? 0) + change;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}

function sha256(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
