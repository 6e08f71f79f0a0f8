import type { PendingApproval } from "../../ports/approval-store.ts";

/** Pending approvals in the order in which they expire. */
interface PendingIndex {
  add(approval: PendingApproval): void;
  remove(approval: PendingApproval): void;
  /** Up to `limit` after `after`; copies. */
  page(after: PendingApproval | null, limit: number): PendingApproval[];
}

/** A sorted array: all of it is read every few seconds, and looking something up takes a binary search. */
export function createPendingIndex(): PendingIndex {
  const sorted: PendingApproval[] = [];

  /** Where `approval` is, or belongs. */
  const placeOf = (approval: PendingApproval): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = sorted[middle];
      if (there !== undefined && compare(there, approval) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const isAt = (place: number, { requestId }: PendingApproval) => sorted[place]?.requestId === requestId;

  return {
    add({ requestId, threadId, expiresAt }) {
      const approval = { requestId, threadId, expiresAt };
      sorted.splice(placeOf(approval), 0, approval);
    },
    remove(approval) {
      const place = placeOf(approval);
      if (isAt(place, approval)) sorted.splice(place, 1);
    },
    page(after, limit) {
      const place = after === null ? 0 : placeOf(after);
      const from = after !== null && isAt(place, after) ? place + 1 : place;
      return structuredClone(sorted.slice(from, from + limit));
    },
  };
}

function compare(a: PendingApproval, b: PendingApproval): number {
  if (a.expiresAt !== b.expiresAt) return a.expiresAt - b.expiresAt;
  if (a.requestId === b.requestId) return 0;
  return a.requestId < b.requestId ? -1 : 1;
}
