import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers one request of a client: `id` is the request's, and what is written goes out as it is. */
export type Answer = (id: unknown, response: ServerResponse) => void;

export interface StrangeMcp {
  url: string;
  /** How often the tools have been listed. */
  listed(): number;
  /** From now on. */
  list(answer: Answer): void;
  call(answer: Answer): void;
  close(): Promise<void>;
}

export const DO = { name: "do", inputSchema: { type: "object", properties: { x: {} } } };

/** The answer of a server that keeps to the protocol. */
export const well =
  (result: unknown): Answer =>
  (id, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  };

/**
 * A server over streamable HTTP that shakes hands, offers `do`, and answers calls as it is told, right or
 * wrong.
 */
export async function startStrangeMcp(): Promise<StrangeMcp> {
  let [list, call] = [well({ tools: [DO] }), well({ content: [] })];
  let listed = 0;
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { method, id } = JSON.parse(await read(request));
    if (id === undefined) return void response.writeHead(202).end();
    if (method === "initialize") {
      const serverInfo = { name: "strange", version: "1" };
      const capabilities = { tools: {} };
      return well({ protocolVersion: "2025-06-18", capabilities, serverInfo })(id, response);
    }
    if (method !== "tools/list") return call(id, response);
    listed += 1;
    list(id, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    listed: () => listed,
    list(answer) {
      list = answer;
    },
    call(answer) {
      call = answer;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
