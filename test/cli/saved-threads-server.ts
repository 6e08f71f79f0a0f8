import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What came in. */
export interface Asked {
  /** `GET /aura/threads?limit=20` */
  line: string;
  body: any;
  headers: IncomingMessage["headers"];
}

/**
 * `data` of the envelope (with 200, or what is said), an error's code, or frames of a stream, with `later` ones
 * behind them, which `hold` keeps open after all.
 */
export type Answer =
  | { data: unknown; status?: number }
  | { status: number; errorCode: string; message: string }
  | { frames: string; headers?: Record<string, string>; later?: Promise<string>; hold?: boolean };

/** A server that speaks the HTTP API's envelope and streams; `answer` says what, request by request. */
export async function startApiServer(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const one = {
      line: `${request.method} ${request.url}`,
      body: body === "" ? undefined : JSON.parse(body),
      headers: request.headers,
    };
    asked.push(one);
    await send(response, answer(one));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ("frames" in answer) {
    response.writeHead(200, { "content-type": "text/event-stream", ...answer.headers });
    await new Promise((sent) => response.write(answer.frames, sent));
    if (answer.later !== undefined) response.write(await answer.later);
    if (!answer.hold) response.end();
    return;
  }
  const { status = 200 } = answer;
  const envelope = { message: "Success.", ...answer };
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ success: status === 200, ...envelope }));
}
