import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface CuttingProxy {
  url: string;
  /** Where in a frame the cut is, in bytes. */
  at: number;
  /** The stream's reader calls this for everything that it has read: only then the next piece is sent. */
  hasRead(): void;
  close(): Promise<void>;
}

/** Stands between the Gateway and Aura and cuts each frame of a stream in two; other answers pass as they are. */
export async function startCuttingProxy(target: () => string): Promise<CuttingProxy> {
  const reading = new EventEmitter();
  const proxy = { at: 1 };
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const asked = request(new URL(url ?? "/", target()), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (answer.headers["content-type"] !== "text/event-stream") return void answer.pipe(outgoing);
      outgoing.flushHeaders();
      sendInPieces(answer, outgoing).catch((error) => outgoing.destroy(error));
    });
    outgoing.once("close", () => asked.destroy());
    asked.on("error", (error) => outgoing.destroy(error));
    incoming.pipe(asked);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  async function sendInPieces(answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    for await (const piece of pieces(answer, proxy)) {
      const read = once(reading, "read");
      outgoing.write(piece);
      await read;
    }
    outgoing.end();
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get at() {
      return proxy.at;
    },
    set at(bytes) {
      proxy.at = bytes;
    },
    hasRead: () => void reading.emit("read"),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function* pieces(stream: AsyncIterable<Buffer>, { at }: { at: number }): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const { frames, left } = framesOf(Buffer.concat([rest, chunk]));
    rest = left;
    for (const frame of frames) {
      const cut = Math.min(at, frame.length - 1);
      yield frame.subarray(0, cut);
      yield frame.subarray(cut);
    }
  }
  if (rest.length > 0) yield rest;
}

/** Splits bytes behind each blank line. */
export function framesOf(bytes: Buffer): { frames: Buffer[]; left: Buffer<ArrayBuffer> } {
  const frames: Buffer[] = [];
  let from = 0;
  for (let end = bytes.indexOf("\n\n"); end !== -1; end = bytes.indexOf("\n\n", from)) {
    frames.push(bytes.subarray(from, end + 2));
    from = end + 2;
  }
  return { frames, left: Buffer.from(bytes.subarray(from)) };
}
