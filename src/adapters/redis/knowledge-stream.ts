import { z } from "zod";
import type { BackendLogger } from "../backend-logger.ts";
import type { Taken } from "../knowledge-delivery.ts";
import { createCommands, type RedisCommands } from "./commands.ts";
import type { RedisConnection } from "./connection.ts";
import { KNOWLEDGE_DEAD_KEY, KNOWLEDGE_EVENTS_KEY, KNOWLEDGE_GROUP } from "./keys.ts";
import { jsonField, parseRecord, RecordFormatError } from "./record-format.ts";
import { buryKnowledge, claimKnowledge, finishKnowledge, leaveKnowledge } from "./scripts/knowledge.ts";

/**
 * The stream of received events, as one consumer of its group sees it. All reject with
 * BackendUnavailableError, and all but `join` when the group is gone.
 */
export interface KnowledgeStream {
  /** Makes the group if it is not there. */
  join(): Promise<void>;
  /** Up to `max` events that nobody has been given, after at most `blockMs` of waiting for the first. */
  read(max: number, blockMs: number): Promise<Taken[]>;
  /** Events that this consumer has been given and has not finished. */
  own(): Promise<Taken[]>;
  /** Up to `max` events that another consumer has shown no interest in for `idleMs`. */
  claim(idleMs: number, max: number): Promise<Taken[]>;
  /** Shows interest in events. */
  keep(ids: readonly string[]): Promise<void>;
  finish(taken: readonly Taken[]): Promise<void>;
  bury(taken: Pick<Taken, "id">): Promise<void>;
  /** Whether `read` waits in Redis. */
  isWaiting(): boolean;
  /** Ends that wait. */
  wake(): Promise<void>;
  /** Forgets the consumer, or lets others have the events that it holds at once. */
  leave(): Promise<void>;
}

/** As if nobody had shown interest for a day. */
const ABANDONED_MS = 24 * 60 * 60_000;
const DEAD_KEPT = 1_000;
/**
 * A consumer that holds nothing is forgotten after so many times the time after which its events would be
 * taken.
 */
const FORGOTTEN_AFTER = 10;

const event = z.object({
  eventId: z.string(),
  eventType: z.string(),
  tenantId: z.string(),
  userId: z.string(),
  at: z.number(),
  source: z.string().exactOptional(),
  mailId: z.string().exactOptional(),
  documentId: z.string().exactOptional(),
  text: z.string(),
  payload: z.record(z.string(), z.unknown()),
});

/** The fields' values follow their names; an entry that was deleted while somebody held it has none. */
const entries = z.array(z.tuple([z.string(), z.array(z.string()).nullable()]).nullable());
/** Of one stream: a map in RESP3, which ioredis makes a flat list; a list of lists in RESP2. */
const readReply = z
  .union([
    z.tuple([z.string(), entries]),
    z.tuple([z.tuple([z.string(), entries])]).transform(([stream]) => stream),
  ])
  .nullable();
const entryFields = z.tuple([z.literal("v"), z.literal("1"), z.literal("event"), jsonField.pipe(event)]);

/** @param connection its own: while it waits for events, other commands on it would wait too */
export function createKnowledgeStream(
  redis: RedisCommands,
  connection: RedisConnection,
  consumer: string,
  logger: BackendLogger,
): KnowledgeStream {
  const waiting = createCommands(connection);
  const [stream, group] = [KNOWLEDGE_EVENTS_KEY, KNOWLEDGE_GROUP];
  let clientId: string | undefined;
  let isWaiting = false;

  const bury: KnowledgeStream["bury"] = async ({ id }) => {
    await buryKnowledge(redis, { stream, dead: KNOWLEDGE_DEAD_KEY }, { group, id, most: DEAD_KEPT });
  };

  /** What cannot be read - damaged, or a newer version's - is put aside. */
  const parse = async (reply: unknown): Promise<Taken[]> => {
    const { taken, unreadable } = readEntries(reply);
    for (const { id, err } of unreadable) {
      logger.error({ err }, "event given up");
      await bury({ id });
    }
    return taken;
  };

  const readGroup = async (args: readonly (string | number)[], from: string) => {
    const what = ["GROUP", group, consumer, ...args, "STREAMS", stream, from];
    const reply = await waiting.command("XREADGROUP", what);
    return parse(parseRecord(readReply, reply, stream)?.[1] ?? []);
  };

  return {
    async join() {
      clientId = String(await waiting.command("CLIENT", ["ID"]));
      const create = ["CREATE", stream, group, "0", "MKSTREAM"];
      await redis.command("XGROUP", create).catch((error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith("BUSYGROUP"))) throw error;
      });
    },
    async read(max, blockMs) {
      const block = Math.floor(blockMs);
      isWaiting = block > 0;
      try {
        return await readGroup(["COUNT", max, ...(isWaiting ? ["BLOCK", block] : [])], ">");
      } finally {
        isWaiting = false;
      }
    },
    own: () => readGroup([], "0"),
    async claim(idleMs, limit) {
      const args = { group, consumer, idleMs, limit, silentMs: idleMs * FORGOTTEN_AFTER };
      return parse(await claimKnowledge(redis, { stream }, args));
    },
    async keep(ids) {
      await redis.command("XCLAIM", [stream, group, consumer, 0, ...ids, "JUSTID"]);
    },
    async finish(taken) {
      await finishKnowledge(redis, { stream }, { group, ids: taken.map(({ id }) => id) });
    },
    bury,
    isWaiting: () => isWaiting,
    async wake() {
      if (clientId !== undefined) await redis.command("CLIENT", ["UNBLOCK", clientId]);
    },
    async leave() {
      await leaveKnowledge(redis, { stream }, { group, consumer, abandonedMs: ABANDONED_MS });
    },
  };
}

function readEntries(reply: unknown) {
  const taken: Taken[] = [];
  const unreadable: { id: string; err: RecordFormatError }[] = [];
  for (const entry of parseRecord(entries, reply, KNOWLEDGE_EVENTS_KEY)) {
    const [id, fields] = entry ?? [];
    if (id === undefined || fields == null) continue;
    try {
      const [, , , read] = parseRecord(entryFields, fields, `${KNOWLEDGE_EVENTS_KEY} ${id}`);
      taken.push({ id, event: read });
    } catch (err) {
      if (!(err instanceof RecordFormatError)) throw err;
      unreadable.push({ id, err });
    }
  }
  return { taken, unreadable };
}
