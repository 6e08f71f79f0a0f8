import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call of Main Service. */
export interface Seen {
  /** Method and path with its query. */
  line: string;
  headers: IncomingMessage["headers"];
  /** As text; empty where there is none. */
  body: string;
  /** What came back; undefined while nothing has, or when it was not passed on. */
  status?: number;
  answer?: any;
}

/** Answers in Main Service's place, or leaves it to it by returning false. */
export type Instead = (response: ServerResponse, seen: Seen) => unknown;

export type MainInBetween = Awaited<ReturnType<typeof startMainInBetween>>;

/**
 * A Main Service between Aura and the dev stack's that writes down what it passes on, and can be away, silent
 * or talk nonsense.
 */
export async function startMainInBetween(target: () => string) {
  let instead: Instead = () => false;
  const seen: Seen[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray());
    const { connection: _, host: __, "content-length": ___, ...headers } = request.headers;
    const call: Seen = {
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      body: body.toString(),
    };
    seen.push(call);
    if (instead(response, call) !== false) return;
    const passed = await fetch(`${target()}${request.url}`, {
      method: request.method ?? "GET",
      headers: headers as Record<string, string>,
      ...(body.length === 0 ? {} : { body }),
    });
    const text = await passed.text();
    call.status = passed.status;
    call.answer = JSON.parse(text);
    response.writeHead(passed.status, { "content-type": "application/json" }).end(text);
  };
  let server: Server = createServer(serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const down = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    /** Null: it passes everything on again. */
    answerWith: (next: Instead | null) => {
      instead = next ?? (() => false);
    },
    down,
    async up() {
      server = createServer(serve).listen(port, "127.0.0.1");
      await once(server, "listening");
    },
  };
}

/** What a refused call of the real one reads: its catch-all's envelope, whatever was wrong. */
export function fault(response: ServerResponse, status = 500, errorCode = "E1000", more: object = {}): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      status: "ERROR",
      message: "내부 서버 오류가 발생했습니다.",
      errorCode,
      success: false,
      ...more,
    }),
  );
}
