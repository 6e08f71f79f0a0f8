import { type EventData, type EventHandlers, handleEvent } from "@aura-platform/contract/events.ts";
import { loose } from "@aura-platform/contract/reading.ts";
import {
  answered,
  type NodeTime,
  type RunReport,
  type ToolTime,
  tokenUsage,
} from "@aura-platform/contract/runs.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { CheckpointView, ThreadGraph } from "../ports/thread-graph.ts";
import type { RunRecord } from "../records/run.ts";
import { eachEvent } from "../runs/each-event.ts";
import { showRun } from "./show.ts";

export type RunReportDeps = PortsOf<{ eventLog: "read" }> & {
  /** Rejects while the backend does not answer. */
  graph: () => Promise<Pick<ThreadGraph, "history">>;
};

// What a thread's state says more than we know is its own.
const usage = tokenUsage.strip().nullable().catch(null);
const lastAnswer = loose(answered).strip().nullable().catch(null);

/**
 * How a run went: its record, the time of each node and tool, how long it waited for people, and what the
 * model says it has cost.
 */
export async function runReport(deps: RunReportDeps, run: RunRecord): Promise<RunReport> {
  const checkpoints: CheckpointView[] = [];
  const graph = await deps.graph();
  for await (const view of graph.history(run.threadId, { runId: run.runId })) checkpoints.unshift(view);
  const tools = new Map<string, ToolTime>();
  let waitedMs = 0;
  let asked: number | null = null;
  const goOn = (at: number) => {
    if (asked !== null) waitedMs += at - asked;
    asked = null;
  };
  const notes: EventHandlers<void, [at: number]> = {
    thought: (_, at) => goOn(at),
    plan_step: (_, at) => goOn(at),
    tool_execution: (call, at) => {
      goOn(at);
      noteTool(tools, call, at);
    },
    hitl: (_, at) => {
      asked ??= at;
    },
    content: (_, at) => goOn(at),
    error: (_, at) => goOn(at),
  };
  await eachEvent(deps.eventLog, run.runId, (event, { at }) => handleEvent(notes, event, at));
  return {
    ...showRun(run),
    nodes: nodeTimes(checkpoints),
    tools: [...tools.values()],
    usage: usage.parse(checkpoints.at(-1)?.values.usage ?? null),
    answered: lastAnswer.parse(checkpoints.at(-1)?.values.answered ?? null),
    waitedMs,
  };
}

/** A node runs from the checkpoint that named it as the next to the one that holds its result. */
function nodeTimes(checkpoints: readonly CheckpointView[]): NodeTime[] {
  return checkpoints.flatMap(({ next, checkpointId, createdAt }, at) => {
    const endedAt = checkpoints[at + 1]?.createdAt ?? null;
    return next
      .filter((node) => !node.startsWith("__"))
      .map((node) => ({ node, checkpointId, ...span(createdAt, endedAt) }));
  });
}

function noteTool(tools: Map<string, ToolTime>, call: EventData<"tool_execution">, at: number): void {
  const { tool, toolCallId, status, outcome = null } = call;
  const startedAt = tools.get(toolCallId)?.startedAt ?? null;
  const time = status === "executing" ? span(startedAt ?? at, null) : span(startedAt, at);
  tools.set(toolCallId, { tool, toolCallId, status, outcome, ...time });
}

function span<T extends number | null>(startedAt: T, endedAt: number | null) {
  return { startedAt, endedAt, ms: startedAt === null || endedAt === null ? null : endedAt - startedAt };
}
