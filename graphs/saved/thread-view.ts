import { BaseMessage, RemoveMessage } from "@langchain/core/messages";
import { messagesStateReducer, type StateSnapshot } from "@langchain/langgraph";
import { z } from "zod";
import type { AuraGraph } from "../aura/build.ts";
import { planStep } from "../state/graph-event.ts";
import { languageOfRun } from "../state/language.ts";
import type { State } from "../state/state.ts";
import { fromPortable, refuseHostile, SavedStateError, toPortable } from "./portable.ts";

/** A message as clients know it. */
export interface ClientMessage {
  id: string | null;
  role: "user" | "assistant" | "tool";
  content: string;
  toolCalls?: { id: string | null; name: string; args: Record<string, unknown> }[];
  /** Of a tool's answer. */
  toolCallId?: string;
  name?: string;
  status?: "success" | "error";
}

/** One checkpoint, with the state in the clients' shape. */
export interface CheckpointView {
  checkpointId: string;
  parentId: string | null;
  step: number;
  source: string;
  /** Nodes that come next; empty at the end. */
  next: string[];
  /** Unix ms. */
  createdAt: number;
  runId?: string;
  interrupts: { id: string; value: unknown }[];
  values: ReturnType<typeof toClientState>;
}

export interface HistoryQuery {
  /** Only checkpoints older than this one. */
  before?: string;
  limit?: number;
  /** Only this run's. */
  runId?: string;
}

const ROLES = Object.freeze({ human: "user", ai: "assistant", tool: "tool" } as const);

export function toClientMessage(message: BaseMessage): ClientMessage {
  const portable = toPortable(message);
  const base = { id: portable.id ?? null, role: ROLES[portable.type], content: message.text };
  if (portable.type === "human") return base;
  if (portable.type === "tool") {
    const { toolCallId, name, status } = portable;
    return { ...base, toolCallId, ...(name && { name }), ...(status && { status }) };
  }
  const calls = portable.toolCalls ?? [];
  if (calls.length === 0) return base;
  return { ...base, toolCalls: calls.map(({ id = null, name, args }) => ({ id, name, args })) };
}

/**
 * The state as clients read it: everything as JSON, messages in their shape, and the language that a run
 * would speak.
 */
export function toClientState(values: Partial<State>) {
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

const call = z.object({ id: z.string(), name: z.string(), args: z.record(z.string(), z.unknown()) });
const editedMessage = z.union([
  z.strictObject({ id: z.string(), remove: z.literal(true) }),
  z.strictObject({ id: z.string().exactOptional(), role: z.literal("user"), content: z.string() }),
  z.strictObject({
    id: z.string().exactOptional(),
    role: z.literal("assistant"),
    content: z.string(),
    toolCalls: z.array(call).exactOptional(),
  }),
  z.strictObject({
    id: z.string().exactOptional(),
    role: z.literal("tool"),
    content: z.string(),
    toolCallId: z.string(),
    name: z.string().exactOptional(),
    status: z.enum(["success", "error"]).exactOptional(),
  }),
]);

/**
 * Changes to a state before a run goes on from it. Messages and steps are replaced by id, or added; `remove` takes a message out.
 */
const stateEdits = z.strictObject({
  messages: z.array(editedMessage).max(1_000).exactOptional(),
  steps: z.array(planStep).max(100).exactOptional(),
  context: z.record(z.string(), z.unknown()).exactOptional(),
  language: z.enum(["ko", "en"]).exactOptional(),
});

/**
 * What a client wants changed, as an update of the graph's state.
 *
 * @throws SavedStateError naming the fields that are wrong
 */
export function toStateUpdate(edits: unknown): Record<string, unknown> {
  refuseHostile(edits);
  const parsed = stateEdits.safeParse(edits);
  if (!parsed.success) throw new SavedStateError("edits are malformed", parsed.error);
  const { messages, ...rest } = parsed.data;
  return { ...rest, ...(messages && { messages: messages.map(fromEdit) }) };
}

/**
 * Refuses an update that LangGraph would only refuse once the checkpoint has been copied.
 *
 * @throws SavedStateError for the removal of a message that is not there
 */
export function refuseUnfit(update: Record<string, unknown>, { messages = [] }: Partial<State>): void {
  const edited = z.array(z.custom<BaseMessage>(BaseMessage.isInstance)).parse(update.messages ?? []);
  try {
    messagesStateReducer([...messages], edited);
  } catch (cause) {
    throw new SavedStateError("edits remove a message that is not there", cause);
  }
}

function fromEdit(edit: z.infer<typeof editedMessage>): BaseMessage {
  if ("remove" in edit) return new RemoveMessage({ id: edit.id });
  switch (edit.role) {
    case "user": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "human", ...fields });
    }
    case "assistant": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "ai", ...fields });
    }
    case "tool": {
      const { role: _, ...fields } = edit;
      return fromPortable({ type: "tool", ...fields });
    }
  }
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
