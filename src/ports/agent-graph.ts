import type { AgentStep } from "@aura-platform/contract/agent-step.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { CallOutcome } from "@aura-platform/contract/tool-calls.ts";
import type { RunRecord } from "../records/run.ts";
import type { ChangedCall, Examined } from "./call-examination.ts";

/** How a model can let a run down; what each means stands in graphs/model/errors.ts. */
export type ModelFailure = "failed" | "timeout" | "endless" | "cut" | "address" | "credentials" | "context";

/** Where a graph's thread lives, and who is asking: LangGraph's `configurable`. */
export interface GraphThread {
  configurable: {
    thread_id: string;
    tenantId: string;
    userId: string;
    runId: string;
    /** Checkpoints and effects are refused once the thread's lease is not this holder's any more. */
    leaseHolder?: string | undefined;
  };
}

/** Of LangGraph's, what tells a step's result from the input that it began with. */
export interface CheckpointMetadata {
  source: string;
  step: number;
}

export interface GraphStreamConfig {
  configurable: GraphThread["configurable"] & {
    /** This reader answers barriers: a node's result is checkpointed only after its events are stored. */
    storesEvents: true;
    /** Told of every checkpoint that has been stored, before anything goes on from it. */
    onCheckpoint: (metadata: CheckpointMetadata) => Promise<void>;
    /** Ends the reading of models when it aborts, and nothing else. */
    modelSignal: AbortSignal;
  };
  streamMode: "custom";
  /** A step's effect never starts before the checkpoint that decided it is stored. */
  durability: "sync";
  signal: AbortSignal;
}

export interface GraphState {
  values: { messages?: { id?: string | undefined }[] };
  /** What the last checkpoint still has to do, and what of it is done; empty when the graph has ended. */
  tasks: {
    id: string;
    name: string;
    /** Where the task comes from; a `Send` has its place among those of its step in it. */
    path?: readonly unknown[];
    interrupts: { id?: string; value?: unknown }[];
    /** Set once the task is over; its interrupts stay listed until all its siblings are over too. */
    result?: unknown;
  }[];
}

/** What this service needs of a compiled LangGraph state graph that has a checkpointer. */
export interface AgentGraph {
  /**
   * Yields what the nodes write to `config.writer`. Ends once every checkpoint of it is stored.
   * A null input goes on from the last checkpoint.
   */
  stream(input: unknown, config: GraphStreamConfig): Promise<AsyncIterable<unknown>>;
  getState(config: GraphThread): Promise<GraphState>;
}

/** A tool call of the last turn that its task has not answered. */
export interface OpenCall {
  /** LangGraph task id. */
  taskId: string;
  toolCallId: string;
  tool: string;
  /** The effective ones. */
  args: Record<string, unknown>;
  /** What the model had asked for, where a person has changed it. */
  proposed?: Record<string, unknown>;
}

/**
 * What is said last of a tool call: what is done stays done, and what has not begun never will
 * (EffectLedger.conclude).
 */
export type LastWord =
  | { outcome: "completed"; result: unknown }
  | { outcome: "failed"; problem: string }
  | { outcome: "unknown"; problem?: string }
  | {
      outcome: "not_executed";
      /** `stopped`: nothing stood in its way, but the run was over before it had begun. */
      status: "rejected" | "expired" | "superseded" | "cancelled" | "stopped";
      reason?: string;
    }
  /** Said already, in these words. */
  | { outcome: "not_executed"; problem: string };

/** A last word for all who read it. */
export interface Closing {
  /** For the history. */
  message: unknown;
  /** For the user. */
  told: { status: "completed" | "failed"; result: unknown; outcome: CallOutcome };
  /** The plan's step that the call has carried out, closed. */
  step?: Pick<AgentStep, "id" | "status" | "result" | "completedAt">;
}

/** The agent as the runs see it. */
export interface Agent {
  graph: AgentGraph;
  /** Removes everything that is saved of the thread. */
  forget(thread: GraphThread): Promise<void>;
  /**
   * The graph's input for a run's prompt; its message has the run's id, so that giving it twice is harmless.
   */
  input(run: RunRecord): unknown;
  /** How the model has failed, when an error of the graph is the model's. */
  modelFailure(error: unknown): ModelFailure | null;
  /** The calls of a stopped graph that have no answer yet. */
  openCalls(state: GraphState): OpenCall[];
  /** Whether calls have ended whose answers are not in the history yet: the next prompt would drop them. */
  hasUnappliedAnswers(state: GraphState): boolean;
  /** Looks at changed arguments of a waiting call as if the model had made it with them. */
  examine(call: ChangedCall): Examined;
  /** How a call's last word reads. */
  closing(call: Omit<OpenCall, "taskId">, word: LastWord, language: Language): Closing;
  /** Resolves when no effect of the thread is under way in this process any more, or after this time. */
  settled(threadId: string, patienceMs: number): Promise<void>;
  /** Puts the last words of calls into the history as their answers, with those that wait to be applied. */
  answerCalls(thread: GraphThread, closings: readonly Closing[]): Promise<void>;
  /** Puts an answer that was cut off into the history. */
  keepPartialAnswer(thread: GraphThread, said: { messageId: string; text: string }): Promise<void>;
}

/** A node waits until everything it has written is stored. */
export function isBarrier(chunk: unknown): chunk is { type: "barrier"; resolve(): void } {
  return (
    typeof chunk === "object" &&
    chunk !== null &&
    "type" in chunk &&
    chunk.type === "barrier" &&
    "resolve" in chunk &&
    typeof chunk.resolve === "function"
  );
}

/** The interrupts that still wait for an answer. */
export function openInterrupts(state: GraphState): { node: string; id?: string; value?: unknown }[] {
  return state.tasks
    .filter(({ result }) => result === undefined)
    .flatMap(({ name, interrupts }) => interrupts.map((interrupt) => ({ node: name, ...interrupt })));
}

/**
 * Whether the graph has stopped in the middle of a step: some of its tasks have neither ended nor asked.
 * (LangGraph's `next` does not tell: it is empty as well when all tasks have ended and their results wait to
 * be applied.)
 */
export function isInterruptedMidway({ tasks }: GraphState): boolean {
  const waits = ({ result, interrupts }: GraphState["tasks"][number]) =>
    result === undefined && interrupts.length > 0;
  if (tasks.length === 0) return false;
  return !tasks.some(waits) || tasks.some((task) => task.result === undefined && !waits(task));
}

/** Whether the run's prompt has reached a checkpoint. */
export function hasBegun(state: GraphState, run: RunRecord): boolean {
  return state.values.messages?.some(({ id }) => id === (run.promptId ?? run.runId)) ?? false;
}

/** A run's place in LangGraph, and under whose lease it is worked on. */
export function graphThread(run: RunRecord, leaseHolder: string | undefined): GraphThread {
  const { threadId, tenantId, userId, runId } = run;
  return { configurable: { thread_id: threadId, tenantId, userId, runId, leaseHolder } };
}
