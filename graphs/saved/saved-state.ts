import { BaseMessage } from "@langchain/core/messages";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph";
import { z } from "zod";
import { savedAnswered, savedLanguage, savedSteps, savedUsage } from "../state/state.ts";
import { createDecoder, createEncoder, refuseHostile, SavedStateError } from "./portable.ts";

/** A thread's checkpoints as JSON, oldest first. Each value stands once, under its channel and version. */
interface SavedState {
  messages: unknown[];
  values: Record<string, Record<string, unknown>>;
  checkpoints: SavedCheckpoint[];
}

const version = z.number().positive();
const versions = z.record(z.string(), version);

const savedCheckpoint = z.object({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  parentId: z.string().nullable(),
  /** ISO 8601 */
  at: z.iso.datetime({ offset: true }),
  format: z.number().int().min(1).max(4),
  source: z.enum(["input", "loop", "update", "fork"]),
  step: z.number().int(),
  runId: z.string().exactOptional(),
  versions,
  seen: z.record(z.string(), versions),
  /** Channels that have a value; the others are empty. */
  channels: z.array(z.string()),
});
type SavedCheckpoint = z.infer<typeof savedCheckpoint>;

const savedState = z.object({
  messages: z.array(z.unknown()),
  values: z.record(z.string(), z.record(z.string(), z.unknown())),
  checkpoints: z.array(savedCheckpoint).min(1),
});

/** The channels that our nodes rely on. LangGraph's own (`branch:to:...`) hold nothing that a node reads. */
const stateShapes: Readonly<Record<string, z.ZodType>> = Object.freeze({
  messages: z.array(z.custom<BaseMessage>(BaseMessage.isInstance)),
  steps: savedSteps,
  turns: z.number(),
  usage: savedUsage,
  written: z.number(),
  answered: savedAnswered,
  context: z.record(z.string(), z.unknown()),
  language: savedLanguage,
});

const thread = (threadId: string, checkpointId?: string) => ({
  configurable: {
    thread_id: threadId,
    checkpoint_ns: "",
    ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }),
  },
});

/**
 * Makes the saver keep `configurable.runId` in the metadata of every checkpoint that a run puts: LangGraph
 * itself keeps none of our fields there. Changes this one instance.
 */
export function withRunIds(saver: BaseCheckpointSaver): BaseCheckpointSaver {
  const put = saver.put.bind(saver);
  saver.put = (config, checkpoint, metadata, newVersions) => {
    const runId: unknown = config.configurable?.runId;
    const tagged = typeof runId === "string" ? { ...metadata, runId } : metadata;
    return put(config, checkpoint, tagged, newVersions);
  };
  return saver;
}

/**
 * All checkpoints of a thread; null when there are none. Pending writes are left out: an interrupt is asked
 * again.
 */
export async function dumpState(saver: BaseCheckpointSaver, threadId: string): Promise<SavedState | null> {
  const { encode, messages } = createEncoder();
  const values: SavedState["values"] = {};
  const checkpoints: SavedCheckpoint[] = [];
  for await (const tuple of saver.list(thread(threadId))) {
    checkpoints.push(describe(tuple));
    for (const [channel, value] of Object.entries(tuple.checkpoint.channel_values)) {
      const at = String(tuple.checkpoint.channel_versions[channel] ?? 0);
      values[channel] ??= {};
      values[channel][at] ??= encode(value);
    }
  }
  return checkpoints.length === 0 ? null : { messages, values, checkpoints: checkpoints.reverse() };
}

function describe({ checkpoint, metadata, parentConfig }: CheckpointTuple): SavedCheckpoint {
  const parentId: unknown = parentConfig?.configurable?.checkpoint_id;
  const { runId } = z.object({ runId: z.string().exactOptional() }).parse(metadata ?? {});
  return savedCheckpoint.parse({
    id: checkpoint.id,
    parentId: typeof parentId === "string" ? parentId : null,
    at: checkpoint.ts,
    format: checkpoint.v,
    source: metadata?.source ?? "loop",
    step: metadata?.step ?? 0,
    ...(runId === undefined ? {} : { runId }),
    versions: checkpoint.channel_versions,
    seen: checkpoint.versions_seen,
    channels: Object.keys(checkpoint.channel_values),
  });
}

/**
 * Checks a saved state completely, and returns the function that stores it as another thread's: nothing is
 * written before all of it is known to be good.
 *
 * @throws SavedStateError
 */
export function prepareState(
  document: unknown,
): (saver: BaseCheckpointSaver, threadId: string) => Promise<void> {
  refuseHostile(document);
  const parsed = savedState.safeParse(document);
  if (!parsed.success) throw new SavedStateError("the checkpoints are malformed", parsed.error);
  const { checkpoints, values, messages } = parsed.data;
  const decode = createDecoder(messages);
  const decoded = new Map<string, unknown>();
  for (const [channel, byVersion] of Object.entries(values)) {
    for (const [at, value] of Object.entries(byVersion)) {
      decoded.set(nameOf(channel, at), checked(channel, decode(value)));
    }
  }
  const prepared = checkpoints.map((saved) => ({ saved, values: valuesOf(saved, decoded) }));
  return async (saver, threadId) => {
    const stored = new Map<string, SavedCheckpoint>();
    for (const { saved, values: channelValues } of prepared) {
      const parent = stored.get(saved.parentId ?? "");
      await store(saver, threadId, saved, channelValues, parent);
      stored.set(saved.id, saved);
    }
  };
}

function checked(channel: string, value: unknown): unknown {
  const shape = Object.hasOwn(stateShapes, channel) ? stateShapes[channel] : undefined;
  const parsed = shape?.safeParse(value);
  if (parsed !== undefined && !parsed.success) {
    throw new SavedStateError(`${channel} is not what the agent writes`, parsed.error);
  }
  return value;
}

function valuesOf(saved: SavedCheckpoint, decoded: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    saved.channels.map((channel) => {
      const name = nameOf(channel, String(saved.versions[channel] ?? 0));
      if (!decoded.has(name)) throw new SavedStateError(`a checkpoint's value of ${channel} is missing`);
      return [channel, decoded.get(name)];
    }),
  );
}

async function store(
  saver: BaseCheckpointSaver,
  threadId: string,
  saved: SavedCheckpoint,
  channelValues: Record<string, unknown>,
  parent: SavedCheckpoint | undefined,
): Promise<void> {
  const changed = Object.entries(saved.versions).filter(([channel, at]) => parent?.versions[channel] !== at);
  await saver.put(
    thread(threadId, parent?.id),
    {
      v: saved.format,
      id: saved.id,
      ts: saved.at,
      channel_values: channelValues,
      channel_versions: saved.versions,
      versions_seen: saved.seen,
    },
    {
      source: saved.source,
      step: saved.step,
      parents: {},
      ...(saved.runId === undefined ? {} : { runId: saved.runId }),
    },
    Object.fromEntries(changed),
  );
}

/**
 * Copies one checkpoint of a thread into another, empty one, where a run can go on from it. Its pending
 * writes are left out, so that every task of its next step is asked and done anew. False when there is no
 * such checkpoint.
 */
export async function copyCheckpoint(
  saver: BaseCheckpointSaver,
  from: { threadId: string; checkpointId: string },
  toThreadId: string,
): Promise<boolean> {
  const tuple = await saver.getTuple(thread(from.threadId, from.checkpointId));
  if (tuple === undefined) return false;
  const { checkpoint, metadata } = tuple;
  const copied = { source: "fork" as const, step: metadata?.step ?? -1, parents: {} };
  await saver.put(thread(toThreadId), checkpoint, copied, checkpoint.channel_versions);
  return true;
}

/** The separator NUL is in no channel's name. */
function nameOf(channel: string, at: string): string {
  return `${channel}\0${at}`;
}
