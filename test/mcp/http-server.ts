import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  type CallToolRequest,
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";

/** A tool as it is listed, right or wrong, and what it does. */
export interface ServedTool {
  listed: Record<string, unknown>;
  call?: (args: Record<string, unknown>, signal: AbortSignal) => Promise<CallToolResult> | CallToolResult;
}

export interface HttpMcpServer {
  url: string;
  /** Every call that arrived. */
  calls: CallToolRequest["params"][];
  /** Headers of every request. */
  headers: IncomingHttpHeaders[];
  /** Replaces the tools and tells every client. */
  serve(tools: ServedTool[]): Promise<void>;
  /** Forgets every session, as a restart does, and leaves the connections alone. */
  forget(): void;
  /** Cuts every connection, forgets every session and refuses new ones until up(). */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** A tool with a text argument that answers with it. */
export function textTool(name: string, rest: Record<string, unknown> = {}): ServedTool {
  const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  return {
    listed: { name, description: `The ${name} tool.`, inputSchema, ...rest },
    call: ({ text }) => ({ content: [{ type: "text", text: String(text) }] }),
  };
}

/** A Model Context Protocol server of the official SDK, over streamable HTTP, with sessions. */
export async function startHttpMcp(tools: ServedTool[]): Promise<HttpMcpServer> {
  let served = tools;
  const calls: CallToolRequest["params"][] = [];
  const headers: IncomingHttpHeaders[] = [];
  const sessions = new Map<string, { transport: StreamableHTTPServerTransport; server: Server }>();

  const open = async () => {
    const server = new Server(
      { name: "far", version: "1.0.0" },
      { capabilities: { tools: { listChanged: true } } },
    );
    // Not checked on the way out: a hostile server would not be either.
    server.setRequestHandler(
      ListToolsRequestSchema,
      () => ({ tools: served.map(({ listed }) => listed) }) as any,
    );
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
      calls.push(params);
      const tool = served.find(({ listed }) => listed.name === params.name);
      if (tool?.call === undefined) throw new Error(`no tool ${params.name}`);
      return tool.call(params.arguments ?? {}, signal);
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport as any);
    return transport;
  };

  const http = createServer(async (request, response) => {
    headers.push(request.headers);
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id)?.transport : await open();
    if (known === undefined) response.writeHead(404).end();
    else await known.handleRequest(request, response);
  });
  const listen = async (at: number) => {
    http.listen(at, "127.0.0.1");
    await once(http, "listening");
  };
  const stop = async () => {
    sessions.clear();
    const closed = once(http, "close");
    http.close();
    http.closeAllConnections();
    await closed;
  };
  const port = await listenBelow(listen);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    calls,
    headers,
    async serve(next) {
      served = next;
      for (const { server } of sessions.values()) await server.sendToolListChanged();
    },
    forget: () => sessions.clear(),
    down: stop,
    up: () => listen(port),
    close: async () => {
      if (http.listening) await stop();
    },
  };
}

/**
 * A port that no system gives to a listener that asks for any: what starts while this server is down would otherwise get its
 * port and answer in its place.
 */
async function listenBelow(listen: (port: number) => Promise<void>): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = randomInt(20_000, 30_000);
    const taken = await listen(port).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") return true;
        throw error;
      },
    );
    if (!taken) return port;
  }
  throw new Error("no free port");
}
