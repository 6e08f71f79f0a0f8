import { pipeline, type Readable, Transform } from "node:stream";

/** Whether these response headers announce server-sent events. */
export function isEventStream(headers: Readonly<Record<string, unknown>>): boolean {
  const type = headers["content-type"];
  return typeof type === "string" && type.toLowerCase().startsWith("text/event-stream");
}

/**
 * The real gateway's habit (contract, section 8): a chunk of an event stream that contains no `id:` gets one
 * in front, microseconds since the epoch. Chunk by chunk as they arrive, nothing is held back or joined.
 */
export function withForeignIds(upstream: Readable): Readable {
  const prefixed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, chunk.includes("id:") ? chunk : Buffer.concat([foreignId(), chunk]));
    },
  });
  // Ties both ends: an upstream that breaks off breaks the client's stream, and the other way round.
  // Fastify sees the same error on `prefixed` and reports it.
  pipeline(upstream, prefixed, () => {});
  return prefixed;
}

function foreignId(): Buffer {
  const microseconds = Math.trunc((performance.timeOrigin + performance.now()) * 1000);
  return Buffer.from(`id: ${microseconds}\n`);
}
