import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type CallToolResult, CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { McpServer } from "./settings.ts";
import { within } from "./within.ts";

/** A call of a tool, under the server's own name for it. */
export interface McpCall {
  tool: string;
  args: Record<string, unknown>;
  /** What travels beside the arguments: for the server, never from the model. */
  meta: Record<string, string>;
  signal: AbortSignal;
}

/** One connection to one server, from its handshake to its end. */
export interface Session {
  /** What the server lists, unchecked. Rejects when it does not answer. */
  list(): Promise<readonly unknown[]>;
  /** Rejects with the SDK's errors, also when the signal aborts or the time is over. */
  call(call: McpCall): Promise<CallToolResult>;
  isOpen(): boolean;
  /** Ends the connection; a child process is over when this resolves, by force if it must be. Never rejects. */
  close(): Promise<void>;
}

/** For the handshake and for listing, in ms: somebody waits for the boot. */
const ANSWER_MS = 10_000;

/** Of listing: a server whose list never ends must end somewhere. */
const MAX_PAGES = 20;

/** For the goodbye to a server that is reached by HTTP, in ms. */
const GOODBYE_MS = 1_000;

/** The SDK gives a child 2 s after its stdin is closed, 2 s after SIGTERM, and then kills it. */
const CHILD_END_MS = 6_000;

const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

/**
 * Connects and shakes hands.
 *
 * @param onDoubt told when the connection has ended, has made an error or says that its tools have changed
 * @throws the transport's and the SDK's errors; nothing is left open then
 */
export async function openSession(
  server: McpServer,
  signal: AbortSignal,
  onDoubt: () => void,
): Promise<Session> {
  const transport = openTransport(server);
  // No capabilities: the server may ask neither for the model (sampling) nor for the user (elicitation).
  const client = new Client({ name: "aura-platform", version: "1" }, { capabilities: {} });
  const ended = Promise.withResolvers<void>();
  let open = true;
  client.onclose = () => {
    open = false;
    ended.resolve();
    onDoubt();
  };
  client.onerror = onDoubt;
  client.fallbackNotificationHandler = async ({ method }) => {
    if (method === "notifications/tools/list_changed") onDoubt();
  };

  const close = async () => {
    open = false;
    if (transport instanceof StreamableHTTPClientTransport) await sayGoodbye(transport);
    await transport.close().catch(() => {});
    // The SDK's close() does not wait for a process that it, or an earlier close(), has killed.
    if (transport instanceof StdioClientTransport) await within(CHILD_END_MS, ended.promise);
  };

  try {
    await withSignal(signal, (linked) => client.connect(transport, { timeout: ANSWER_MS, signal: linked }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    list: () => withSignal(signal, (linked) => listTools(client, linked)),
    call: (call) => withSignal(call.signal, (linked) => callTool(client, call, server.timeoutMs, linked)),
    isOpen: () => open,
    close,
  };
}

function openTransport({ reach }: McpServer): StdioClientTransport | StreamableHTTPClientTransport {
  if (reach.kind === "http") {
    return new StreamableHTTPClientTransport(new URL(reach.url), {
      requestInit: { headers: { ...reach.headers } },
      // Reconnecting is ours (keep-connected.ts): the SDK gives up soon, and its timer outlives close().
      reconnectionOptions: {
        maxRetries: 0,
        initialReconnectionDelay: 0,
        maxReconnectionDelay: 0,
        reconnectionDelayGrowFactor: 1,
      },
    });
  }
  const { command, args, env, cwd } = reach;
  // The child gets PATH, HOME and the like from us, and none of our secrets.
  return new StdioClientTransport({
    command,
    args: [...args],
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** The server may forget the session; whether it hears this does not matter. */
async function sayGoodbye(transport: StreamableHTTPClientTransport): Promise<void> {
  await within(
    GOODBYE_MS,
    transport.terminateSession().catch(() => {}),
  );
}

/**
 * Not the SDK's listTools: it refuses the whole list for one bad tool, and compiles the server's output schemas to code.
 */
async function listTools(client: Client, signal: AbortSignal): Promise<readonly unknown[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const tools: unknown[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const options = { timeout: ANSWER_MS, signal };
    const answer = await client.request({ method: "tools/list", params }, page, options);
    tools.push(...answer.tools);
    if (answer.nextCursor === undefined) break;
    cursor = answer.nextCursor;
  }
  return tools;
}

/** Not the SDK's callTool: it throws a result away that does not fit the server's own output schema, after the effect. */
async function callTool(
  client: Client,
  { tool, args, meta }: McpCall,
  timeout: number,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const params = { name: tool, arguments: args, _meta: meta };
  return client.request({ method: "tools/call", params }, CallToolResultSchema, { timeout, signal });
}

/**
 * A signal of its own for each request: the SDK never stops listening to the one that it is given, and sends a cancellation of
 * the finished request when that aborts later.
 */
async function withSignal<T>(signal: AbortSignal, request: (linked: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const linked = new AbortController();
  const abort = () => linked.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await request(linked.signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
