import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { StreamHeaders } from "@aura-platform/contract/headers.ts";
import type { FastifyReply } from "fastify";
import type { RunEvents } from "../runs/follow.ts";
import { commentFrame, doneFrame, eventFrame } from "./frame.ts";

export interface EventStreamReply {
  /** Response headers besides those of every stream. */
  headers: Record<string, string>;
  /** The client's position: the id of the last event it has; `failed` when that is its run's error. */
  position: { runId: string; seq: number; failed: boolean };
  /** The events from there on; ends with the stream. Aborted with `signal`. */
  events: AsyncIterable<RunEvents>;
  /** Whether events also have the names of DWP's web client. */
  aliases: boolean;
  /** Idle time after which a heartbeat is written, in ms. */
  heartbeatMs: number;
  signal: AbortSignal;
}

const HEADERS = Object.freeze({
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  connection: "keep-alive",
  "x-accel-buffering": "no",
} satisfies Partial<StreamHeaders>);

/** Frames that share one write, in characters: enough to save system calls, small against a socket buffer. */
const WRITE_CHARS = 32 * 1024;

/**
 * Answers with events as SSE. The first write goes out before any event exists; no event is split over two
 * writes, and every write carries an id, because the Gateway invents one for a chunk that has none. A slow
 * reader is waited for: nothing is read from the log that its socket does not take. Resolves when the events
 * have ended (`[DONE]` written, unless the last of them is an error: decision 67) or the connection is gone
 * or given up (nothing written: the client comes back with its last event id). Rejects, after cutting the
 * connection, when the log cannot be read.
 */
export async function sendEventStream(reply: FastifyReply, stream: EventStreamReply): Promise<void> {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, { ...definedHeaders(reply), ...HEADERS, ...stream.headers });
  let { runId, seq, failed } = stream.position;
  const heartbeat = setTimeout(() => {
    heartbeat.refresh();
    if (!stream.signal.aborted && !response.writableNeedDrain) {
      response.write(commentFrame(runId, seq, "heartbeat"));
    }
  }, stream.heartbeatMs);
  const write = async (text: string) => {
    heartbeat.refresh();
    await writeAll(response, text, stream.signal);
  };
  try {
    await write(commentFrame(runId, seq, "aura"));
    for await (const page of stream.events) {
      for (const part of writes(page, stream.aliases)) {
        runId = page.runId;
        seq = part.lastSeq;
        failed = part.failed;
        await write(part.text);
      }
    }
    if (stream.signal.aborted) {
      // An orderly end without [DONE] would look complete; a cut connection makes the client come back.
      response.destroy();
      return;
    }
    if (!failed) await write(doneFrame(runId, seq));
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    clearTimeout(heartbeat);
  }
}

interface Write {
  text: string;
  /** The seq of its last event. */
  lastSeq: number;
  /** Whether that event is its run's error. */
  failed: boolean;
}

/** Groups a page's frames into writes of bounded size. */
function* writes({ runId, events }: RunEvents, aliases: boolean): Generator<Write> {
  let write: Write = { text: "", lastSeq: 0, failed: false };
  for (const stored of events) {
    const text = write.text + eventFrame(runId, stored, aliases);
    write = { text, lastSeq: stored.seq, failed: stored.event.type === "error" };
    if (text.length < WRITE_CHARS) continue;
    yield write;
    write = { ...write, text: "" };
  }
  if (write.text !== "") yield write;
}

async function writeAll(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || response.write(text)) return;
  try {
    await once(response, "drain", { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function definedHeaders(reply: FastifyReply): Record<string, string | number | string[]> {
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
