import { expect, test } from "vitest";
import { checkTransition, IllegalTransitionError, type StatusBefore } from "../../src/records/run.ts";

test("what a run may become is known to the compiler, and checked where it has not looked", () => {
  const taken: StatusBefore<"running">[] = ["queued", "running", "waiting"];
  checkTransition(taken, "running");
  // @ts-expect-error: a run is never completed before it has been running
  const early: StatusBefore<"completed"> = "queued";
  expect(() => checkTransition([early], "completed")).toThrow(IllegalTransitionError);
  // @ts-expect-error: the end is the end
  const late: StatusBefore<"cancelled"> = "failed";
  expect(() => checkTransition(["running", late], "cancelled")).toThrow("failed never becomes cancelled");
});
