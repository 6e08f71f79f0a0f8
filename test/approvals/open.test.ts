import { expect, test } from "vitest";
import { requestIdOf } from "../../src/approvals/open.ts";

test("the same call of the same task has the same id; another thread, task or call another one", () => {
  const id = requestIdOf("thread", "task", "call_0");
  expect(id).toMatch(/^req-[0-9a-f]{32}$/);
  expect(requestIdOf("thread", "task", "call_0")).toBe(id);
  const others = [
    requestIdOf("other", "task", "call_0"),
    // A fork, a replay, or a server that calls the first call of every turn call_0.
    requestIdOf("thread", "other", "call_0"),
    requestIdOf("thread", "task", "call_1"),
    requestIdOf("threadtask", "", "call_0"),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});
