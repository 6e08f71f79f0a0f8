import { LimitError } from "../errors.ts";
import type { OwnerCaps } from "../records/owner-caps.ts";
import type { Owner } from "../records/run.ts";

/** The streams that this process has open, by tenant and user. */
export interface OpenStreams {
  /** Why no stream may be opened for something new; undefined when one may. */
  refusal(owner: Owner): LimitError | undefined;
  /**
   * Lets a stream in, always. When that is one too many, the oldest of the user gives way (for a tenant: of
   * its user who has the most): its signal is aborted, and its client comes back with its position.
   */
  open(owner: Owner): { givesWay: AbortSignal; close(): void };
}

/** One user's streams, oldest first. */
type Streams = Set<AbortController>;

export function createOpenStreams(caps: OwnerCaps): OpenStreams {
  const tenants = new Map<string, Map<string, Streams>>();
  const countOf = (tenantId: string) =>
    [...(tenants.get(tenantId)?.values() ?? [])].reduce((sum, streams) => sum + streams.size, 0);

  const remove = ({ tenantId, userId }: Owner, stream: AbortController) => {
    const users = tenants.get(tenantId);
    const streams = users?.get(userId);
    streams?.delete(stream);
    if (streams?.size === 0) users?.delete(userId);
    if (users?.size === 0) tenants.delete(tenantId);
  };

  const giveWay = (owner: Owner) => {
    const [oldest] = tenants.get(owner.tenantId)?.get(owner.userId) ?? [];
    if (oldest === undefined) return;
    remove(owner, oldest);
    oldest.abort(new Error("the stream gives way to a newer one"));
  };

  return {
    refusal({ tenantId, userId }) {
      const full = (scope: keyof OwnerCaps) =>
        new LimitError({ cap: "openStreams", scope, limit: caps[scope] });
      if ((tenants.get(tenantId)?.get(userId)?.size ?? 0) >= caps.user) return full("user");
      return countOf(tenantId) >= caps.tenant ? full("tenant") : undefined;
    },
    open(owner) {
      const { tenantId, userId } = owner;
      const stream = new AbortController();
      const users = tenants.get(tenantId) ?? new Map<string, Streams>();
      const streams = users.get(userId) ?? new Set();
      tenants.set(tenantId, users.set(userId, streams.add(stream)));
      if (streams.size > caps.user) giveWay(owner);
      else if (countOf(tenantId) > caps.tenant) giveWay({ tenantId, userId: most(users) });
      return { givesWay: stream.signal, close: () => remove(owner, stream) };
    },
  };
}

function most(users: ReadonlyMap<string, Streams>): string {
  let [found, size] = ["", 0];
  for (const [userId, streams] of users) {
    if (streams.size > size) [found, size] = [userId, streams.size];
  }
  return found;
}
