import { loose } from "@aura-platform/contract/reading.ts";
import { type ToolItem, type ToolList, toolList } from "@aura-platform/contract/tools.ts";
import type { Logger } from "pino";
import type { AuraTool } from "../tools/tool.ts";
import { type AgentParts, ownTools } from "./agent.ts";
import type { Config } from "./config.ts";
import { connectMcpServers, type McpTools, type ServerView } from "./mcp/mcp-tools.ts";
import { parseJson } from "./mcp/messages.ts";
import type { Backend } from "./ports/backend.ts";

/**
 * What the agent can do: with tools of ours, and of the MCP servers that are connected to where runs are
 * worked on.
 */
export interface AgentTools {
  mcp: McpTools;
  /**
   * What there is of them now. Rejects with BackendUnavailableError where another process has to tell, and
   * cannot.
   */
  list(): Promise<ToolList>;
  /** Tells no more, and ends what MCP servers have of us. */
  close(): Promise<void>;
}

/** How often a process that works on runs says which tools there are, and for how long that stands, in ms. */
const TELL_EVERY_MS = 5_000;
const STANDS_MS = 30_000;

/** Beside our own tools, as many of the MCP servers' as a request may have. */
export function composeTools(
  config: Config,
  backend: Pick<Backend, "name" | "board">,
  reach: AgentParts["reach"],
  logger: Logger,
): AgentTools {
  const own = ownTools(config, reach);
  const works = config.role !== "api";
  const mcp = connectMcpServers(works ? config.mcpServers : [], logger, config.maxTools - own.length);
  const here = () => listOf(own, mcp.view());
  const told = async (): Promise<ToolList> => {
    const list = read(await backend.board.get());
    return list ?? { ...here(), servers: config.mcpServers.map(({ name }) => untold(name)) };
  };
  let isTelling = false;
  const tell = async () => {
    if (isTelling) return;
    isTelling = true;
    await backend.board
      .put(JSON.stringify(here()), STANDS_MS)
      .catch((err: unknown) => logger.debug({ err }, "the list of tools could not be told"));
    isTelling = false;
  };
  // Who else would ask has a process of its own only where there is a Redis.
  const telling = works && backend.name === "redis" ? setInterval(tell, TELL_EVERY_MS) : undefined;
  if (telling !== undefined) void tell();
  return {
    mcp,
    list: works ? async () => here() : told,
    async close() {
      clearInterval(telling);
      await mcp.close();
    },
  };
}

const toldList = loose(toolList);

/** Null for what no version of ours has written. */
function read(text: string | null): ToolList | null {
  const json: unknown = text === null ? null : parseJson(text);
  const { data } = toldList.safeParse(json);
  return data ?? null;
}

function untold(name: string): ToolList["servers"][number] {
  return { name, state: "failed", reason: "no process that works on runs has told of it", tools: 0 };
}

function listOf(own: readonly AuraTool[], servers: readonly ServerView[]): ToolList {
  return {
    items: [
      ...own.map((tool) => itemOf(tool, { source: "builtin" })),
      ...servers.flatMap(({ name, state, tools }) =>
        tools.map((tool) => itemOf(tool, { source: "mcp", server: name, ...state })),
      ),
    ],
    servers: servers.map(({ name, state, tools }) => ({ name, ...state, tools: tools.length })),
    leftOut: servers.flatMap(({ name, leftOut }) => leftOut.map((each) => ({ server: name, ...each }))),
  };
}

function itemOf(
  { name, description, approval }: AuraTool,
  from: Pick<ToolItem, "source" | "server" | "state" | "reason">,
): ToolItem {
  return { name, description, ...from, approval: typeof approval === "function" ? "depends" : approval };
}
