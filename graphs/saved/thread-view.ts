import type { Checkpoint } from "@aura-platform/contract/checkpoints.ts";
import { START, type StateSnapshot } from "@langchain/langgraph";
import { z } from "zod";
import type { AuraGraph } from "../aura/build.ts";
import { NODES } from "../aura/nodes.ts";
import { languageOfRun } from "../state/language.ts";
import type { State } from "../state/state.ts";
import { toClientMessage } from "./client-message.ts";

/** One checkpoint, with the state in the clients' shape. */
interface CheckpointView extends Omit<Checkpoint, "changed"> {
  values: ReturnType<typeof toClientState>;
}

interface HistoryQuery {
  /** Only checkpoints older than this one. */
  before?: string;
  limit?: number;
  /** Only this run's. */
  runId?: string;
}

/**
 * The state as clients read it: everything as JSON, messages in their shape, and the language that a run
 * would speak.
 */
function toClientState(values: Partial<State>) {
  const language = languageOfRun(values);
  const { messages, ...rest } = values;
  return { ...(messages && { messages: messages.map(toClientMessage) }), ...rest, language };
}

/** A thread's checkpoints, newest first. */
export async function* viewHistory(
  graph: AuraGraph,
  threadId: string,
  { before, limit, runId }: HistoryQuery = {},
): AsyncGenerator<CheckpointView> {
  const snapshots = graph.getStateHistory(threadConfig(threadId), {
    ...(before === undefined ? {} : { before: threadConfig(threadId, before) }),
    ...(limit === undefined ? {} : { limit }),
    ...(runId === undefined ? {} : { filter: { runId } }),
  });
  for await (const snapshot of snapshots) yield toCheckpointView(snapshot);
}

/** One checkpoint, by default the last; null when there is none. */
export async function viewCheckpoint(
  graph: AuraGraph,
  threadId: string,
  checkpointId?: string,
): Promise<CheckpointView | null> {
  const snapshot = await graph.getState(threadConfig(threadId, checkpointId));
  return snapshot.createdAt === undefined ? null : toCheckpointView(snapshot);
}

/** Whether the plan of the checkpoint's run is made there; false while it is still to come. */
export function isPlanned({ next }: Pick<CheckpointView, "next">): boolean {
  return !next.some((node) => node === START || node === NODES.plan);
}

const checkpointConfig = z.object({ configurable: z.object({ checkpoint_id: z.string() }) });
const runMetadata = z.object({ runId: z.string().optional(), step: z.number(), source: z.string() });

function toCheckpointView(snapshot: StateSnapshot): CheckpointView {
  const { runId, step, source } = runMetadata.parse(snapshot.metadata);
  return {
    checkpointId: checkpointConfig.parse(snapshot.config).configurable.checkpoint_id,
    parentId: checkpointConfig.safeParse(snapshot.parentConfig).data?.configurable.checkpoint_id ?? null,
    step,
    source,
    next: [...new Set(snapshot.next)],
    createdAt: Date.parse(snapshot.createdAt ?? ""),
    ...(runId === undefined ? {} : { runId }),
    interrupts: snapshot.tasks.flatMap(({ interrupts }) =>
      interrupts.map(({ id = "", value }) => ({ id, value })),
    ),
    values: toClientState(snapshot.values),
  };
}

function threadConfig(threadId: string, checkpointId?: string) {
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: "",
      ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }),
    },
  };
}
