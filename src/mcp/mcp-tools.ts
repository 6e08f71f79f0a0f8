import type { Language } from "@aura-platform/contract/languages.ts";
import type { Logger } from "pino";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import type { ToolSource } from "../../tools/registry.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { fairShare } from "./fair-share.ts";
import { type KeptConnection, keepConnected } from "./keep-connected.ts";
import type { ServerState } from "./link.ts";
import type { Listing } from "./list-tools.ts";
import { listedName } from "./listed-tool.ts";
import { splitName, toolName } from "./names.ts";
import type { McpServer } from "./settings.ts";
import { MCP_TEXTS } from "./texts.ts";
import { toAuraTools } from "./tools.ts";
import { waitAtMost } from "./wait-at-most.ts";

/** A tool that a server lists and that is not offered. */
interface LeftOutTool {
  /** The server's own name for it. */
  readonly tool: string;
  readonly reason: string;
}

/** One server, for operators and clients. */
export interface ServerView {
  readonly name: string;
  readonly state: ServerState;
  readonly tools: readonly AuraTool[];
  readonly leftOut: readonly LeftOutTool[];
}

/** The tools of all configured servers, as long as they are connected to. */
export interface McpTools {
  source: ToolSource;
  view(): readonly ServerView[];
  /** Resolves when every server has been tried once, or after `ms`. */
  settled(ms: number): Promise<void>;
  /** Ends connections, attempts and child processes. */
  close(): Promise<void>;
}

interface Served {
  server: McpServer;
  connection: KeptConnection;
  /** What the server has listed last, also while it is away: the model may call it and is told. */
  tools: readonly AuraTool[];
  /** Those of them for which there is room. */
  offered: readonly AuraTool[];
  /** The entries of the list that are no tools for us, and why. */
  unusable: readonly LeftOutTool[];
  /** By the name that the model knows: what a provider has refused, why, and in which form. */
  refused: Map<string, { why: string; form: string }>;
  /** The list that they were made of, as text. */
  listed: string;
}

/**
 * Begins to connect to the servers. No server that is down keeps the service from running.
 *
 * @param room how many of their tools may be offered
 */
export function connectMcpServers(servers: readonly McpServer[], logger: Logger, room: number): McpTools {
  const served = new Map<string, Served>();
  let all: readonly AuraTool[] = Object.freeze([]);
  let crowdedOut = 0;

  const share = () => {
    const entries = [...served.values()];
    const left = allot(entries, room);
    all = Object.freeze(entries.flatMap(({ offered }) => offered));
    if (left > 0 && left !== crowdedOut) {
      const text = "MCP tools left out: more than a request may have (AURA_MAX_TOOLS)";
      logger.warn({ room, leftOut: left, servers: crowded(entries) }, `${text}; choose with "tools"`);
    }
    crowdedOut = left;
  };

  const take = (entry: Served, { tools: listed, cut }: Listing) => {
    const text = fingerprint(listed, cut);
    if (text === entry.listed) return;
    entry.listed = text;
    const log = { server: entry.server.name };
    const unusable: LeftOutTool[] = [];
    entry.tools = toAuraTools(entry.server, entry.connection, listed, {
      leftOut(tool, reason) {
        unusable.push({ tool, reason });
        logger.warn({ ...log, tool }, `MCP tool left out: ${reason}`);
      },
      unchecked: (tool, what) =>
        logger.warn({ ...log, tool }, `arguments of an MCP tool are not checked: ${what}`),
    });
    entry.unusable = unusable;
    forgetRefusals(entry);
    if (cut !== null) logger.warn(log, `the MCP server's list was not read to its end: ${cut}`);
    warnOfTypos(entry.server, listed, logger);
    share();
  };

  for (const server of servers) {
    const connection = keepConnected(server, logger, (listing) => take(entry, listing));
    const none = { tools: [], offered: [], unusable: [], listed: "" };
    const entry: Served = { server, connection, ...none, refused: new Map() };
    served.set(server.name, entry);
  }
  const connections = [...served.values()].map(({ connection }) => connection);

  return {
    source: {
      tools: () => all,
      whyMissing: (name, language) => whyMissing(served, name, language),
      leaveOut(name, why) {
        const entry = served.get(splitName(name)?.server ?? "");
        const tool = entry?.tools.find((each) => each.name === name);
        if (entry === undefined || tool === undefined || entry.refused.has(name)) return;
        entry.refused.set(name, { why, form: formOf(tool) });
        logger.warn({ server: entry.server.name, tool: name }, `MCP tool left out: ${why}`);
        share();
      },
    },
    view: () => [...served.values()].map(viewOf),
    settled: (ms) => waitAtMost(ms, Promise.all(connections.map(({ settled }) => settled))),
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** Offers of each server's tools as many as there is room for; returns how many are left. */
function allot(entries: readonly Served[], room: number): number {
  const usable = entries.map(({ tools, refused }) => tools.filter(({ name }) => !refused.has(name)));
  const counts = fairShare(
    usable.map(({ length }) => length),
    room,
  );
  for (const [at, entry] of entries.entries()) entry.offered = usable[at]?.slice(0, counts[at]) ?? [];
  return usable.flat().length - entries.flatMap(({ offered }) => offered).length;
}

/** What a provider has refused it may take when it looks different; and only then. */
function forgetRefusals({ tools, refused }: Served): void {
  const forms = new Map(tools.map((tool) => [tool.name, formOf(tool)]));
  for (const [name, { form }] of refused) if (forms.get(name) !== form) refused.delete(name);
}

function formOf({ parameters }: AuraTool): string {
  return JSON.stringify(parameters);
}

/** How many of each server's tools there is room for. */
function crowded(entries: readonly Served[]): Record<string, string> {
  const of = (entry: Served) => `${entry.offered.length} of ${entry.tools.length}`;
  return Object.fromEntries(entries.map((entry) => [entry.server.name, of(entry)]));
}

function viewOf({ server, connection, tools, offered, unusable, refused }: Served): ServerView {
  const names = new Set(offered.map(({ name }) => name));
  const others = tools.flatMap(({ name }) =>
    names.has(name)
      ? []
      : [
          {
            tool: splitName(name)?.tool ?? name,
            reason: refused.get(name)?.why ?? "there is no room for it (AURA_MAX_TOOLS)",
          },
        ],
  );
  return { name: server.name, state: connection.state(), tools: offered, leftOut: [...unusable, ...others] };
}

function whyMissing(
  served: ReadonlyMap<string, Served>,
  name: string,
  language: Language,
): string | undefined {
  const { server = "", tool = "" } = splitName(name) ?? {};
  const entry = served.get(server);
  if (entry === undefined) return undefined;
  const say = MCP_TEXTS[language];
  const { state, leftOut } = viewOf(entry);
  if (state.state !== "connected")
    return say.unavailable(server, state.state === "failed" ? state.reason : "it is still starting");
  const left = leftOut.find((each) => toolName(server, each.tool) === name);
  return left === undefined ? say.missing(server, tool) : say.leftOut(server, tool, left.reason);
}

/** The same for the same list. What nests so deeply that it cannot be written is left out in any case. */
function fingerprint(listed: readonly unknown[], cut: string | null): string {
  return JSON.stringify([
    cut,
    ...listed.map((each) => (isValueDeeperThan(each, MAX_JSON_DEPTH) ? listedName(each) : each)),
  ]);
}

/**
 * A name in the configuration that the server does not know has no effect, and somebody believes that it has
 * one.
 */
function warnOfTypos(server: McpServer, listed: readonly unknown[], logger: Logger): void {
  const known = new Set(listed.map(listedName));
  for (const tool of new Set([...(server.tools ?? []), ...server.approval.keys()])) {
    if (!known.has(tool))
      logger.warn({ server: server.name, tool }, "the MCP server has no such tool: a typo?");
  }
}
