import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import { answeringFetch } from "./http-answers.ts";
import { type Listing, listTools } from "./list-tools.ts";
import { ServerUnavailableError } from "./reason.ts";
import { withinLimits } from "./request.ts";
import type { McpServer } from "./settings.ts";
import { StdioTransport } from "./stdio-transport.ts";
import { waitAtMost } from "./wait-at-most.ts";

/** A call of a tool, under the server's own name for it. */
export interface McpCall {
  tool: string;
  args: Record<string, unknown>;
  /** What travels beside the arguments: for the server, never from the model. */
  meta: Record<string, string>;
  signal: AbortSignal;
}

/** What a server has answered to a call, unchecked. */
export type CallAnswer = Readonly<Record<string, unknown>>;

/** One connection to one server, from its handshake to its end. */
export interface McpSession {
  /** What the server lists, each page within `ms`. Rejects when it does not answer. */
  list(ms: number): Promise<Listing>;
  /** Rejects as `withinLimits`, and with ServerUnavailableError when the connection has ended before. */
  call(call: McpCall): Promise<CallAnswer>;
  /** Calls that have not been answered. */
  calling(): number;
  /** Why the connection has ended; null when it has not. */
  ended(): string | null;
  /** It is of no use any more, for this reason: whoever keeps it closes it. */
  giveUp(reason: string): void;
  /**
   * Ends the connection; a child process is over when this resolves, by force if it must be. Never rejects.
   */
  close(): Promise<void>;
}

/** How long ending the session of a server that is reached by HTTP may take, in ms. */
const GOODBYE_MS = 1_000;

/** Read in result.ts: whatever has arrived is told. */
const anyAnswer = z.looseObject({});

/**
 * Connects and shakes hands, within the server's `connectTimeoutMs`.
 *
 * @param onDoubt told when the connection has ended, has made an error or says that its tools have changed
 * @throws the transport's errors, and as `withinLimits`; nothing is left open then
 */
export async function openMcpSession(
  server: McpServer,
  signal: AbortSignal,
  onDoubt: () => void,
): Promise<McpSession> {
  const transport = openTransport(server);
  // No capabilities: the server may ask neither for the model (sampling) nor for the user (elicitation).
  const client = new Client({ name: "aura-platform", version: "1" }, { capabilities: {} });
  let end: string | null = null;
  let calling = 0;
  const giveUp = (reason: string) => {
    end ??= reason;
    onDoubt();
  };
  const ended = () => end;
  client.onclose = () =>
    giveUp(transport instanceof StdioTransport ? transport.ending : "the connection was closed");
  client.onerror = onDoubt;
  client.fallbackNotificationHandler = async ({ method }) => {
    if (method === "notifications/tools/list_changed") onDoubt();
  };
  const close = async () => {
    end ??= "the connection was closed";
    if (transport instanceof StreamableHTTPClientTransport) await sayGoodbye(transport);
    await transport.close().catch(() => {});
  };
  try {
    const limits = { ms: server.connectTimeoutMs, signal, ended };
    await withinLimits(limits, (options) => client.connect(transport, options));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    list: (ms) => listTools(client, { ms, signal, ended }),
    async call({ tool, args, meta, signal: aborted }) {
      if (end !== null) throw new ServerUnavailableError(end);
      calling += 1;
      const params = { name: tool, arguments: args, _meta: meta };
      // Not the SDK's callTool: it throws a result away that does not fit the server's own output schema.
      return withinLimits({ ms: server.timeoutMs, signal: aborted, ended }, (options) =>
        client.request({ method: "tools/call", params }, anyAnswer, options),
      ).finally(() => (calling -= 1));
    },
    calling: () => calling,
    ended,
    giveUp,
    close,
  };
}

function openTransport({ reach }: McpServer): StdioTransport | StreamableHTTPClientTransport {
  if (reach.kind === "stdio") return new StdioTransport(reach);
  return new StreamableHTTPClientTransport(new URL(reach.url), {
    requestInit: { headers: { ...reach.headers } },
    fetch: answeringFetch(),
    // Reconnecting is ours (keep-connected.ts, http-answers.ts): the SDK gives up soon.
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 0,
      maxReconnectionDelay: 0,
      reconnectionDelayGrowFactor: 1,
    },
  });
}

/** The server may forget the session; whether it hears this does not matter. */
async function sayGoodbye(transport: StreamableHTTPClientTransport): Promise<void> {
  await waitAtMost(
    GOODBYE_MS,
    transport.terminateSession().catch(() => {}),
  );
}
