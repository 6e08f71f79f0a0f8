import { pipeline, type Readable, Transform } from "node:stream";

/** Whether these response headers announce server-sent events. */
export function isEventStream(headers: Readonly<Record<string, unknown>>): boolean {
  const type = headers["content-type"];
  return typeof type === "string" && type.toLowerCase().startsWith("text/event-stream");
}

/**
 * What the real gateway's filter makes of an event stream (docs/contract.md, section 8): see
 * throughSseFilter. Buffer by buffer as they arrive, nothing is held back or joined.
 */
export function asGatewayStream(upstream: Readable): Readable {
  const filtered = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, throughSseFilter(chunk));
    },
  });
  // Ties both ends: an upstream that breaks off breaks the client's stream, and the other way round.
  // Fastify sees the same error on `filtered` and reports it.
  pipeline(upstream, filtered, () => {});
  return filtered;
}

/**
 * The filter's two habits. Each buffer is decoded as UTF-8 by itself and encoded again, so that a character
 * cut by its edge becomes replacement characters, some on either side. And a buffer whose text contains no
 * `id:` gets one in front, microseconds since the epoch.
 */
export function throughSseFilter(buffer: Buffer): Buffer {
  const text = buffer.toString("utf8");
  return Buffer.from(text.includes("id:") ? text : `${foreignId()}${text}`);
}

function foreignId(): string {
  const microseconds = Math.trunc((performance.timeOrigin + performance.now()) * 1000);
  return `id: ${microseconds}\n`;
}
