import { setTimeout as delay } from "node:timers/promises";
import { eventsOf, isEnd, openStream } from "../helpers/sse-client.ts";
import { headersOf } from "../helpers/stack.ts";
import type { Instance } from "./fleet.ts";
import type { Random } from "./seeded.ts";

export interface Seen {
  id: string;
  type: string;
  data: any;
}

/** A client that never gives up: it sends one prompt and reads its run to the end through whatever instance answers. */
export interface StubbornClient {
  events: Seen[];
  /** Resolves once an event that matches has been seen. */
  first(matches: (event: Seen) => boolean): Promise<Seen>;
  runId(): string | null;
  /** Resolves with the end of the run. */
  done: Promise<void>;
}

const RETRY_MS = 100;

export function startClient(
  instances: readonly Instance[],
  random: Random,
  body: { prompt: string; threadId: string },
  key: string,
  giveUp: AbortSignal,
): StubbornClient {
  const events: Seen[] = [];
  const waiting = new Set<() => void>();
  let runId: string | null = null;
  let position = "";
  let over = false;

  const attempt = async (): Promise<boolean> => {
    const stream = await openStream(`${random.pick(instances).url}/aura/test/stream`, {
      method: "POST",
      headers: {
        ...(await headersOf()),
        "idempotency-key": key,
        ...(position === "" ? {} : { "last-event-id": position }),
      },
      body: JSON.stringify(body),
    });
    if (stream.response.status !== 200) {
      await stream.ended.catch(() => {});
      return false;
    }
    runId = stream.response.headers.get("x-run-id");
    const leave = () => stream.close();
    giveUp.addEventListener("abort", leave, { once: true });
    let taken = 0;
    const take = () => {
      for (const frame of stream.frames.slice(taken)) {
        taken += 1;
        if (frame.id !== undefined) position = frame.id;
        if (frame.event !== undefined) events.push(...eventsOf([frame]));
      }
      for (const look of [...waiting]) look();
    };
    try {
      // Every frame is taken as it comes: a later failure of the connection must not take it back.
      await stream.first((frame) => {
        take();
        return isEnd(frame);
      });
      return true;
    } finally {
      take();
      giveUp.removeEventListener("abort", leave);
      stream.close();
    }
  };

  const read = async () => {
    while (!giveUp.aborted) {
      if (await attempt().catch(() => false)) break;
      await delay(RETRY_MS);
    }
    over = true;
    for (const look of [...waiting]) look();
    giveUp.throwIfAborted();
  };
  const done = read();
  done.catch(() => {});

  return {
    events,
    runId: () => runId,
    done,
    first: (matches) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(matches);
          if (found === undefined && !over) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error("the run ended without it"));
        };
        waiting.add(look);
        look();
      }),
  };
}
