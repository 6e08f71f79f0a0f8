import { z } from "zod";
import type { PortsOf } from "../ports/backend.ts";
import type { CheckpointView, ThreadGraph } from "../ports/thread-graph.ts";
import type { CallOutcome, StoredEvent } from "../records/event.ts";
import type { RunRecord } from "../records/run.ts";
import { eachEvent } from "../runs/each-event.ts";
import { showRun } from "./show.ts";

export type RunReportDeps = PortsOf<{ eventLog: "read" }> & {
  /** Rejects while the backend does not answer. */
  graph: () => Promise<Pick<ThreadGraph, "history">>;
};

interface NodeTime {
  node: string;
  /** The checkpoint that the node went on from. */
  checkpointId: string;
  /** Unix ms; the end is null while it is not over. */
  startedAt: number;
  endedAt: number | null;
  ms: number | null;
}

interface ToolTime {
  tool: string;
  toolCallId: string;
  status: "executing" | "completed" | "failed";
  /** What is known of its effect; null while it executes. */
  outcome: CallOutcome | null;
  /** Null when it never ran. */
  startedAt: number | null;
  endedAt: number | null;
  ms: number | null;
}

const usage = z
  .object({ inputTokens: z.number(), outputTokens: z.number(), totalTokens: z.number() })
  .nullable()
  .catch(null);

/** Which model gave the last answer, and how it ended when it is not all that the model had to say. */
const answered = z.object({ model: z.string(), ending: z.string().exactOptional() }).nullable().catch(null);

/**
 * How a run went: its record, the time of each node and tool, how long it waited for people, and what the
 * model says it has cost.
 */
export async function runReport(deps: RunReportDeps, run: RunRecord) {
  const checkpoints: CheckpointView[] = [];
  const graph = await deps.graph();
  for await (const view of graph.history(run.threadId, { runId: run.runId })) checkpoints.unshift(view);
  const tools = new Map<string, ToolTime>();
  let waitedMs = 0;
  let asked: number | null = null;
  await eachEvent(deps.eventLog, run.runId, (_event, stored) => {
    if (asked !== null && stored.event.type !== "hitl") waitedMs += stored.at - asked;
    asked = stored.event.type === "hitl" ? (asked ?? stored.at) : null;
    noteTool(tools, stored);
  });
  return {
    ...showRun(run),
    nodes: nodeTimes(checkpoints),
    tools: [...tools.values()],
    usage: usage.parse(checkpoints.at(-1)?.values.usage ?? null),
    answered: answered.parse(checkpoints.at(-1)?.values.answered ?? null),
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

function noteTool(tools: Map<string, ToolTime>, { at, event }: StoredEvent): void {
  if (event.type !== "tool_execution") return;
  const { tool, toolCallId, status, outcome = null } = event.data;
  const startedAt = tools.get(toolCallId)?.startedAt ?? null;
  const time = status === "executing" ? span(startedAt ?? at, null) : span(startedAt, at);
  tools.set(toolCallId, { tool, toolCallId, status, outcome, ...time });
}

function span<T extends number | null>(startedAt: T, endedAt: number | null) {
  return { startedAt, endedAt, ms: startedAt === null || endedAt === null ? null : endedAt - startedAt };
}
