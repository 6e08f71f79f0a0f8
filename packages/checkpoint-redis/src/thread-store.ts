import type { Cluster, Redis } from "ioredis";
import { z } from "zod";
import { StoredDataError, VersionConflictError } from "./errors.ts";
import type { Fence } from "./fence.ts";
import { checkpointsKey, MARKER, part, type Range } from "./layout.ts";
import { decodeCheckpoint, decodeCheckpointName, decodeValue, decodeWrite } from "./record.ts";
import {
  DELETE,
  HISTORY,
  PUT,
  PUT_WRITES,
  READ,
  runScript,
  type ScriptArgument,
  type ThreadScript,
  withoutCommand,
} from "./scripts.ts";
import type {
  CheckpointName,
  SerializedValue,
  StoredCheckpoint,
  StoredValue,
  StoredWrite,
} from "./stored.ts";

/** A name (layout.ts) and the record to be stored under it. */
export interface NamedRecord {
  name: string;
  record: Buffer;
}

export interface FoundCheckpoints {
  /** Newest first within each range. */
  checkpoints: StoredCheckpoint[];
  /** By name (layout.ts). */
  values: Map<string, SerializedValue>;
  writes: StoredWrite[];
}

export interface FoundHistory {
  /** By channel. */
  values: Map<string, SerializedValue>;
  /** Nearest ancestor first. */
  steps: StoredWrite[][];
}

const FENCED_OFF = -4;
const members = z.array(z.instanceof(Buffer));
const outcome = z.number();
const refusal = z.tuple([z.number()]);
const readReply = z.union([z.tuple([z.literal(0), members, members, members]), refusal]);
const historyReply = z.union([z.tuple([z.literal(0), members, z.array(members)]), refusal]);

/** The threads in Redis: runs the scripts, decodes their replies, turns their refusals into errors. */
export class ThreadStore {
  readonly #redis: Redis | Cluster;
  readonly #prefix: string;
  readonly #ttlMs: number;

  constructor(redis: Redis | Cluster, prefix: string, ttlMs: number | undefined) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#ttlMs = ttlMs ?? 0;
  }

  key(threadId: string): string {
    return checkpointsKey(this.#prefix, threadId);
  }

  /** @param perRange how many checkpoints of each range */
  async read(threadId: string, ranges: Range[], perRange: number): Promise<FoundCheckpoints> {
    const key = this.key(threadId);
    const [checkpoints, values, writes] = await this.#read(threadId, "full", ranges, perRange);
    return {
      checkpoints: checkpoints.map((member) => decodeCheckpoint(member, key)),
      values: new Map(values.map((member) => byName(decodeValue(member, key)))),
      writes: writes.map((member) => decodeWrite(member, key)),
    };
  }

  /** Checkpoints without what belongs to them. */
  async heads(threadId: string, range: Range, limit: number): Promise<StoredCheckpoint[]> {
    const [checkpoints] = await this.#read(threadId, "heads", [range], limit);
    return checkpoints.map((member) => decodeCheckpoint(member, this.key(threadId)));
  }

  async names(threadId: string, range: Range, limit: number): Promise<CheckpointName[]> {
    const [checkpoints] = await this.#read(threadId, "names", [range], limit);
    return checkpoints.map((member) => decodeCheckpointName(member, this.key(threadId)));
  }

  /**
   * @param parent name of the checkpoint that must be there, because its values are referred to
   * @returns false when it is not; nothing was stored then
   */
  async put(
    threadId: string,
    keep: number,
    parent: string | undefined,
    checkpoint: NamedRecord,
    values: NamedRecord[],
    fence: Fence | undefined,
  ): Promise<boolean> {
    const args = [keep, parent ?? "", ...flat([checkpoint, ...values])];
    const code = await this.#write(PUT, threadId, args, fence);
    if (code > 0) {
      throw new VersionConflictError(`${this.key(threadId)} holds another value for a version to be stored`);
    }
    if (code === -3) return false;
    if (code !== 0) throw refused(code, this.key(threadId));
    return true;
  }

  async putWrites(
    threadId: string,
    mode: "replace" | "add",
    writes: NamedRecord[],
    fence: Fence | undefined,
  ): Promise<void> {
    const args = [mode === "replace" ? 1 : 0, ...flat(writes)];
    const code = await this.#write(PUT_WRITES, threadId, args, fence);
    if (code !== 0) throw refused(code, this.key(threadId));
  }

  /** @param id of the checkpoint whose ancestors are meant; undefined for the newest */
  async history(threadId: string, ns: string, id: string | undefined, channels: string[]) {
    const args = [escaped(ns), id === undefined ? "" : escaped(id), ...channels.map(escaped)];
    const reply = historyReply.parse(await this.#run(HISTORY, threadId, args));
    const key = this.key(threadId);
    if (reply.length === 1) throw refused(reply[0], key);
    const [, values, steps] = reply;
    const found: FoundHistory = {
      values: new Map(values.map((member) => byChannel(decodeValue(member, key)))),
      steps: steps.map((writes) => writes.map((member) => decodeWrite(member, key))),
    };
    return found;
  }

  async exists(threadId: string): Promise<boolean> {
    return withoutCommand(async () => (await this.#redis.exists(this.key(threadId))) === 1);
  }

  async delete(threadId: string, fence: Fence | undefined): Promise<void> {
    await this.#write(DELETE, threadId, [], fence);
  }

  async touch(threadId: string): Promise<void> {
    if (this.#ttlMs === 0) return;
    await withoutCommand(() => this.#redis.pexpire(this.key(threadId), this.#ttlMs));
  }

  async #read(threadId: string, what: "full" | "heads" | "names", ranges: Range[], perRange: number) {
    const bounds = ranges.flatMap(({ max, min }) => [max, min]);
    const reply = readReply.parse(await this.#run(READ, threadId, [what, perRange, ...bounds]));
    if (reply.length === 1) throw refused(reply[0], this.key(threadId));
    const [, checkpoints, values, writes] = reply;
    return [checkpoints, values, writes] as const;
  }

  /** Throws the fence's refusal. */
  async #write(
    script: ThreadScript,
    threadId: string,
    args: ScriptArgument[],
    fence: Fence | undefined,
  ): Promise<number> {
    const code = outcome.parse(await this.#run(script, threadId, args, fence));
    if (fence !== undefined && code === FENCED_OFF) throw fence.refusal();
    return code;
  }

  async #run(
    script: ThreadScript,
    threadId: string,
    args: ScriptArgument[],
    fence?: Fence,
  ): Promise<unknown> {
    const key = this.key(threadId);
    const keys = fence === undefined ? [key] : [key, fence.key];
    const pass = fence === undefined ? [] : [fence.field, fence.value];
    try {
      return await runScript(this.#redis, script, keys, [MARKER, this.#ttlMs, ...args, ...pass]);
    } catch (error) {
      // Before Redis 7 a script's error begins with where it happened.
      const isWrongType = error instanceof Error && /\bWRONGTYPE\b/.test(error.message);
      throw isWrongType ? new StoredDataError(key, "holds another type of value", error) : error;
    }
  }
}

function refused(code: number, key: string): StoredDataError {
  return new StoredDataError(
    key,
    code === -1
      ? "was not written by this version of the checkpointer"
      : "holds a record that is damaged or of another format",
  );
}

const byName = ({ name, value }: StoredValue): [string, SerializedValue] => [name, value];
const byChannel = ({ channel, value }: StoredValue): [string, SerializedValue] => [channel, value];

function flat(records: NamedRecord[]): ScriptArgument[] {
  return records.flatMap(({ name, record }) => [name, record]);
}

/** As it stands in a name, without the NUL. */
function escaped(text: string): string {
  return part(text).slice(0, -1);
}
