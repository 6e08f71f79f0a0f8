import type { Logger } from "pino";
import { expect, onTestFinished } from "vitest";
import { connectMcpServers, type McpTools } from "../../src/mcp/mcp-tools.ts";
import { mcpServers } from "../../src/mcp/settings.ts";
import type { ToolContext } from "../../tools/tool.ts";
import { type RecordingLogger, recordingLogger } from "../adapters/redis/recording-logger.ts";
import { type RawAnswers, type RawMcp, startRawMcp } from "./raw-server.ts";

export interface Connected {
  mcp: McpTools;
  logger: RecordingLogger;
  /** The tools that the model would get. */
  names(): string[];
  /** What a call brings about, as the graph gets it. */
  call(name: string, args?: Record<string, unknown>): Promise<unknown>;
}

/** The servers of these settings, without a service around them. */
export function connect(servers: Record<string, unknown>, room = 100): Connected {
  const logger = recordingLogger();
  const mcp = connectMcpServers(mcpServers.parse(JSON.stringify(servers)), logger as unknown as Logger, room);
  onTestFinished(() => mcp.close());
  const find = (name: string) => mcp.source.tools().find((tool) => tool.name === name);
  return {
    mcp,
    logger,
    names: () => mcp.source.tools().map(({ name }) => name),
    async call(name, args = {}) {
      const tool = find(name);
      if (tool === undefined) throw new Error(`no tool ${name}`);
      return tool.execute(tool.schema.parse(args), CONTEXT);
    },
  };
}

/** The same, once the only server of them is connected to. */
export async function connectTo(server: Record<string, unknown>): Promise<Connected> {
  const connected = connect({ far: server });
  await expect.poll(() => connected.logger.lines).toContain("info: MCP server connected");
  return connected;
}

/** A server by hand, and a connection to it. */
export async function rawMcp(answers: RawAnswers): Promise<Connected & { server: RawMcp }> {
  const server = await startRawMcp(answers);
  onTestFinished(() => server.close());
  return { server, ...(await connectTo({ url: server.url })) };
}

const CONTEXT: ToolContext = {
  threadId: "thread-1",
  taskId: "task-1",
  toolCallId: "call-1",
  tenantId: "tenant1",
  userId: "user123",
  language: "en",
  signal: new AbortController().signal,
};
