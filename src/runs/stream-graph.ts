import type { EventType, WireEvent } from "@aura-platform/contract/events.ts";
import { type AgentGraph, graphThread, isBarrier } from "../ports/agent-graph.ts";
import type { Execution } from "./execution.ts";
import { RunLimitError, type RunLimits, runClock } from "./limits.ts";
import { mapGraphEvent } from "./map-event.ts";

export interface StreamDeps {
  agent: { graph: Pick<AgentGraph, "stream"> };
  limits: RunLimits;
  /** The lease under which the run is worked on. */
  leaseHolder?: string;
  /** Told that something about a run has changed that others may want to know; must return at once. */
  onChange?: (runId: string) => void;
  /** Unix ms. */
  now: () => number;
}

/**
 * Runs the graph until it ends or asks, and stores its events in their order. A null input goes on from the
 * last checkpoint.
 *
 * @throws RunLimitError when the model has said more than a run may
 */
export async function streamGraph(
  deps: StreamDeps,
  { run, writer, signal, onCheckpoint }: Execution,
  input: unknown,
): Promise<void> {
  const stop = new AbortController();
  const clock = runClock(run, deps.limits);
  try {
    const { configurable } = graphThread(run, deps.leaseHolder);
    const chunks = await deps.agent.graph.stream(input, {
      configurable: { ...configurable, storesEvents: true, onCheckpoint, modelSignal: clock.signal },
      streamMode: "custom",
      durability: "sync",
      signal: AbortSignal.any([signal, stop.signal]),
    });
    for await (const chunk of chunks) {
      if (isBarrier(chunk)) {
        await writer.flush();
        chunk.resolve();
      } else {
        const events = mapGraphEvent(chunk, deps.now(), run.attempt);
        if (events.some(isModelText) && writer.lastSeq + events.length > deps.limits.maxEvents) {
          const error = new RunLimitError("events");
          // Stopped before the loop is left, because leaving it waits for the graph.
          stop.abort(error);
          throw error;
        }
        await writer.write(events);
        if (events.some(({ type }) => type === "plan_step")) deps.onChange?.(run.runId);
      }
    }
  } finally {
    clock.close();
    // When the log has failed while the graph works, its effects must not go on unseen.
    stop.abort();
  }
  signal.throwIfAborted();
  await writer.flush();
}

/**
 * What the model says is limited. What tools have done is told whatever the number of events: it has
 * happened.
 */
function isModelText({ type }: WireEvent): boolean {
  return IS_MODEL_TEXT[type];
}

const IS_MODEL_TEXT = Object.freeze({
  thought: true,
  plan_step: false,
  tool_execution: false,
  hitl: false,
  content: true,
  error: false,
} satisfies Record<EventType, boolean>);
