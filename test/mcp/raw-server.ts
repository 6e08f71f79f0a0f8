import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that arrived, and where its answer goes. */
export interface RawRequest {
  method: string;
  id: unknown;
  params: any;
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * What a server answers, by method, word for word: nothing checks or mends it on the way out. A function may
 * write to the response itself, and returns nothing then.
 */
export type RawAnswers = Record<string, unknown | ((request: RawRequest) => unknown)>;

export interface RawMcp {
  url: string;
  /** The parameters of every call that arrived, in a session that the server knew. */
  calls: any[];
  /** Every request that has a body, in order. */
  methods: string[];
  /** Sessions that were begun. */
  sessions(): number;
  /** Says something to whoever listens. */
  notify(message: unknown): void;
  /** What GET is answered, which is a stream to listen to otherwise. */
  resume(answer: (each: Pick<RawRequest, "request" | "response">) => void): void;
  /** Changes what is answered. */
  answer(answers: RawAnswers): void;
  /** Forgets every session, as a restart does; whoever comes with a forgotten one gets this. */
  forget(tell: (request: RawRequest) => void): void;
  close(): Promise<void>;
}

export const HANDSHAKE = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "raw", version: "1" },
};

/** A tool without arguments. */
export const plainTool = (name: string) => ({ name, inputSchema: { type: "object", properties: {} } });

/** Over streamable HTTP, by hand: one JSON answer per request. */
export async function startRawMcp(answers: RawAnswers): Promise<RawMcp> {
  const all: RawAnswers = { initialize: HANDSHAKE, ...answers };
  const calls: any[] = [];
  const methods: string[] = [];
  const known = new Set<string>();
  let begun = 0;
  let tellForgotten = ({ response }: RawRequest): void => {
    response.writeHead(404).end();
  };

  const listeners: ReturnType<typeof stream>[] = [];
  let listen = (each: Pick<RawRequest, "request" | "response">): void => {
    listeners.push(stream(each));
  };

  const server = createServer(async (request, response) => {
    if (request.method === "GET") return listen({ request, response });
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { method, id, params } = JSON.parse(await read(request));
    const each: RawRequest = { method, id, params, request, response };
    methods.push(method);
    const session = String(request.headers["mcp-session-id"]);
    if (method === "initialize") {
      begun += 1;
      known.add(`session-${begun}`);
      response.setHeader("mcp-session-id", `session-${begun}`);
    } else if (!known.has(session)) return tellForgotten(each);
    if (id === undefined) return void response.writeHead(202).end();
    if (method === "tools/call") calls.push(params);
    const answer = all[method];
    const result = typeof answer === "function" ? await answer(each) : answer;
    if (result === undefined) return;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    calls,
    methods,
    sessions: () => begun,
    notify: (message) => {
      for (const { send } of listeners) send(message);
    },
    resume(next) {
      listen = next;
    },
    answer: (next) => void Object.assign(all, next),
    forget(tell) {
      known.clear();
      tellForgotten = tell;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Begins an answer as a stream of events. */
export function stream({ response }: Pick<RawRequest, "response">): {
  send(message: unknown): void;
  end(): void;
  cut(): void;
} {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  return {
    send: (message) => void response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
    end: () => void response.end(),
    cut: () => void response.socket?.destroySoon(),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
