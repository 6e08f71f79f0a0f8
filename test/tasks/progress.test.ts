import type { AgentStep } from "@aura-platform/contract/agent-step.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCall, endCall, progressCall } from "../../src/tasks/calls.ts";
import { createTaskView } from "../../src/tasks/progress.ts";
import { aRun } from "../contracts/harness.ts";

const step = (id: number, status: AgentStep["status"], title = `Step ${id}`): AgentStep => ({
  ...{ id: `step-${id}`, title, description: "", status, confidence: 1 },
});

function viewOf(run: Parameters<typeof aRun>[0], steps: AgentStep[]) {
  const gathered = createTaskView(aRun(run));
  steps.forEach((data, at) => {
    gathered.add({ seq: at + 1, at: 0, event: { type: "plan_step", data } });
  });
  return gathered.view();
}

test.each([
  ["running", ["pending", "pending"], "Do it - 1/2: Step 1"],
  ["running", ["completed", "in_progress"], "Do it - 2/2: Step 2"],
  ["waiting", ["failed", "pending", "pending"], "Do it - 2/3: Step 2"],
  ["running", ["completed", "completed"], "Do it"],
  ["running", [], "Do it"],
  ["failed", ["completed", "failed", "pending"], "Do it - 2/3: Step 2"],
  ["cancelled", ["completed", "pending"], "Do it - 2/2: Step 2"],
  ["completed", ["completed", "failed"], "Do it"],
] as const)("a run that is %s with %j is described as %j", (status, statuses, description) => {
  const steps = statuses.map((each, at) => step(at + 1, each));
  expect(viewOf({ status, prompt: "Do it" }, steps).description).toBe(description);
});

test("what is told fits, is well-formed and holds no NUL, whatever people and models have written", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc
      .array(fc.constantFrom("\0", "\ud83d", "\udc00", "😀", "가", '"', "\\", "%", "\n"), { maxLength: 600 })
      .map((parts) => parts.join("")),
  );
  const drawn = fc.property(text, text, text, text, (prompt, title, answer, reason) => {
    const run = aRun({ prompt, status: "failed", error: { errorCode: "E5000", message: reason } });
    const gathered = createTaskView(run);
    gathered.add({ seq: 1, at: 0, event: { type: "plan_step", data: step(1, "failed", title) } });
    const content = { content: answer, format: "markdown", messageId: "m" } as const;
    gathered.add({ seq: 2, at: 0, event: { type: "content", data: content } });
    const view = gathered.view();
    const { body = {} } = createCall(run, view, reason);
    const report = progressCall("t", view).body ?? {};
    for (const value of [...Object.values(body), ...Object.values(report)]) {
      if (typeof value === "number") continue;
      expect(String(value).isWellFormed()).toBe(true);
      expect(value).not.toContain("\0");
    }
    expect(view.description.length).toBeLessThanOrEqual(255);
    expect(String(body.taskType).length).toBeLessThanOrEqual(100);
    expect(JSON.parse(view.inputData)).toMatchObject({
      prompt: prompt.toWellFormed().replaceAll("\0", "\ufffd"),
    });
    expect(JSON.parse(view.planSteps)).toHaveLength(1);
    expect(view.resultData.planSteps).toBe(view.planSteps);
    // A URL of a server that takes 8 KB of line and headers.
    const { path } = endCall("t", run, view, 0);
    expect(path.length).toBeLessThan(5_500);
    const { errorMessage } = Object.fromEntries(new URLSearchParams(path.split("?")[1]));
    expect(errorMessage).not.toContain("\0");
  });
  fc.assert(drawn, { numRuns: 300 });
});

test("of hundreds of calls the last hundred are told, and how many were not", () => {
  const gathered = createTaskView(aRun({ status: "completed" }));
  for (let n = 0; n < 250; n += 1) {
    const data = {
      tool: `tool-${n}`,
      toolCallId: `c-${n}`,
      parameters: {},
      status: "completed",
      result: 1,
    } as const;
    gathered.add({ seq: n + 1, at: 0, event: { type: "tool_execution", data } });
  }
  const { tools, toolsLeftOut } = gathered.view().resultData;
  expect(tools).toHaveLength(100);
  expect(tools).toContainEqual({ tool: "tool-249", status: "completed" });
  expect(toolsLeftOut).toBe(150);
});
