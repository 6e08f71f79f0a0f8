import type { Cluster, Redis } from "ioredis";
import { z } from "zod";
import { FORGET, runScript, withoutCommand } from "./scripts.ts";

interface IndexedThread {
  threadId: string;
  score: string;
}

/** Without a time to live a thread is gone in 3,000 years: a score that still sorts by the last write. */
const FOR_EVER_MS = 1e14;
/** Clocks of writers may differ, and a put may be on its way, by this much. */
const GRACE_MS = 60_000;
const PAGE = 500;

const rows = z.array(z.string());

/**
 * Knows all threads, so that nothing ever scans the keyspace. One ZSET, maybe on another node than the
 * threads: every acknowledged put is in it, and a thread that is in it but gone is removed by whoever lists.
 */
export class ThreadIndex {
  readonly #redis: Redis | Cluster;
  readonly #key: string;
  readonly #ttlMs: number | undefined;

  constructor(redis: Redis | Cluster, key: string, ttlMs: number | undefined) {
    this.#redis = redis;
    this.#key = key;
    this.#ttlMs = ttlMs;
  }

  /** Adds a thread that is written to. With a time to live, also drops those whose time is over. */
  async add(threadId: string): Promise<void> {
    const added = this.#call("zadd", [this.#key, this.#expiry(), threadId]);
    if (this.#ttlMs === undefined) return void (await added);
    const trimmed = this.#call("zremrangebyscore", [this.#key, "-inf", Date.now() - GRACE_MS]);
    await Promise.all([added, trimmed]);
  }

  /** A thread with a time to live lives on because it was used. */
  async refresh(threadId: string): Promise<void> {
    if (this.#ttlMs !== undefined) await this.#call("zadd", [this.#key, "xx", this.#expiry(), threadId]);
  }

  async remove(threadId: string): Promise<void> {
    await this.#call("zrem", [this.#key, threadId]);
  }

  /** Removes a listed thread that turned out to be gone, but not one whose first put may be on its way. */
  async forget({ threadId, score }: IndexedThread): Promise<void> {
    if (Number(score) > Number(this.#expiry()) - GRACE_MS) return;
    await runScript(this.#redis, FORGET, [this.#key], [threadId, score]);
  }

  /**
   * Last used first. A second pass finds the threads that were used, and so moved to the front, during the
   * first; threads that are there all the time are yielded exactly once.
   */
  async *all(): AsyncGenerator<IndexedThread> {
    const seen = new Set<string>();
    let floor = "-inf";
    for (let pass = 1; pass <= 2; pass += 1) {
      let newest: string | undefined;
      for await (const thread of this.#above(floor)) {
        newest ??= thread.score;
        if (seen.has(thread.threadId)) continue;
        seen.add(thread.threadId);
        yield thread;
      }
      if (newest === undefined) return;
      floor = newest;
    }
  }

  /** Pages by score, not by rank: ranks shift when others write. May repeat a thread. */
  async *#above(floor: string): AsyncGenerator<IndexedThread> {
    let from = "+inf";
    let limit = PAGE;
    for (;;) {
      const args = [this.#key, from, floor, "withscores", "limit", 0, limit];
      const page = pairs(await this.#call("zrevrangebyscore", args));
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      from = last.score;
      limit = PAGE + page.filter(({ score }) => score === last.score).length;
    }
  }

  #expiry(): string {
    return String(Date.now() + (this.#ttlMs ?? FOR_EVER_MS));
  }

  #call(command: string, args: (string | number)[]): Promise<unknown> {
    return withoutCommand(() => this.#redis.call(command, args));
  }
}

function pairs(reply: unknown): IndexedThread[] {
  const flat = rows.parse(reply);
  const found: IndexedThread[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    found.push({ threadId: flat[at] ?? "", score: flat[at + 1] ?? "" });
  }
  return found;
}
