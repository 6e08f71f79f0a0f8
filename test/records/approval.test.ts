import type { ApprovalStatus } from "@aura-platform/contract/approvals.ts";
import { expect, test } from "vitest";
import { maySettle } from "../../src/records/approval.ts";

test("an approval's states: exactly one step leads out of pending, and none back", () => {
  const all: ApprovalStatus[] = ["pending", "approved", "rejected", "expired", "superseded", "cancelled"];
  const ways = all.flatMap((from) => all.filter((to) => maySettle(from, to)).map((to) => `${from}>${to}`));
  expect(ways).toEqual([
    "pending>approved",
    "pending>rejected",
    "pending>expired",
    "pending>superseded",
    "pending>cancelled",
  ]);
});
