import type { Logger } from "pino";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import type { ToolSource } from "../../tools/registry.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { type Connection, keepConnected } from "./keep-connected.ts";
import type { Listing } from "./list-tools.ts";
import { nameOf } from "./listed-tool.ts";
import { splitName } from "./names.ts";
import type { McpServer } from "./settings.ts";
import { TEXTS } from "./texts.ts";
import { toAuraTools } from "./tools.ts";
import { within } from "./within.ts";

/** The tools of all configured servers, as long as they are connected to. */
export interface McpTools {
  source: ToolSource;
  /** Resolves when every server has been tried once, or after `ms`. */
  settled(ms: number): Promise<void>;
  /** Ends connections, attempts and child processes. */
  close(): Promise<void>;
}

/** OpenAI takes 128 tools in a request, and the service has some of its own. */
const MAX_TOOLS = 100;

interface Served {
  server: McpServer;
  connection: Connection;
  /** What the server has listed last, also while it is away: the model may call it and is told. */
  tools: readonly AuraTool[];
  /** The list that they were made of, as text. */
  listed: string;
}

/** Begins to connect to the servers. No server that is down keeps the service from running. */
export function connectMcpServers(servers: readonly McpServer[], logger: Logger): McpTools {
  const served = new Map<string, Served>();
  let all: readonly AuraTool[] = Object.freeze([]);

  const take = (entry: Served, { tools: listed, cut }: Listing) => {
    const text = fingerprint(listed, cut);
    if (text === entry.listed) return;
    entry.listed = text;
    const log = { server: entry.server.name };
    entry.tools = toAuraTools(entry.server, entry.connection, listed, {
      leftOut: (tool, why) => logger.warn({ ...log, tool }, `MCP tool left out: ${why}`),
      unchecked: (tool, what) =>
        logger.warn({ ...log, tool }, `arguments of an MCP tool are not checked: ${what}`),
    });
    if (cut !== null) logger.warn(log, `the MCP server's list was not read to its end: ${cut}`);
    warnOfTypos(entry.server, listed, logger);
    const found = [...served.values()].flatMap(({ tools }) => tools);
    if (found.length > MAX_TOOLS) {
      const left = { ...log, tools: found.length - MAX_TOOLS };
      logger.warn(left, `MCP tools left out: more than ${MAX_TOOLS}; choose with "tools"`);
    }
    all = Object.freeze(found.slice(0, MAX_TOOLS));
  };

  for (const server of servers) {
    const connection = keepConnected(server, logger, (listing) => take(entry, listing));
    const entry: Served = { server, connection, tools: [], listed: "" };
    served.set(server.name, entry);
  }
  const connections = [...served.values()].map(({ connection }) => connection);

  return {
    source: {
      tools: () => all,
      whyMissing(name, language) {
        const { server = "", tool = "" } = splitName(name) ?? {};
        const at = served.get(server)?.connection.state();
        if (at === undefined) return undefined;
        const say = TEXTS[language];
        if (at.state === "connected") return say.missing(server, tool);
        return say.unavailable(server, at.state === "failed" ? at.reason : "it is still starting");
      },
    },
    settled: (ms) => within(ms, Promise.all(connections.map(({ settled }) => settled))),
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** The same for the same list. What nests so deeply that it cannot be written is left out in any case. */
function fingerprint(listed: readonly unknown[], cut: string | null): string {
  return JSON.stringify([
    cut,
    ...listed.map((each) => (isValueDeeperThan(each, MAX_JSON_DEPTH) ? nameOf(each) : each)),
  ]);
}

/** A name in the configuration that the server does not know has no effect, and somebody believes that it has one. */
function warnOfTypos(server: McpServer, listed: readonly unknown[], logger: Logger): void {
  const known = new Set(listed.map(nameOf));
  for (const tool of new Set([...(server.tools ?? []), ...server.approval.keys()])) {
    if (!known.has(tool))
      logger.warn({ server: server.name, tool }, "the MCP server has no such tool: a typo?");
  }
}
