import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { about, success } from "./envelope.ts";

/**
 * How it stands with an MCP server; why it has failed in a few words that quote nothing. It is tried again.
 */
const standing = {
  state: z.enum(["connecting", "connected", "failed"]),
  reason: z.string().exactOptional(),
};

/** A tool that the agent may use for the caller. */
const toolItem = z.object({
  name: z.string(),
  description: z.string(),
  source: z.enum(["builtin", "mcp"]),
  /** Of a tool of an MCP server: the server's name, and how it stands with it. */
  server: z.string().exactOptional(),
  state: standing.state.exactOptional(),
  reason: standing.reason,
  /** Whether a person is asked before it runs; `depends`: its arguments decide. */
  approval: z.enum(["always", "never", "depends"]),
});

/** The tools that there are now, and those that there are not, with the reason. */
export const toolList = z.object({
  items: z.array(toolItem),
  servers: z.array(z.object({ name: z.string(), ...standing, tools: z.number() })),
  leftOut: z.array(z.object({ server: z.string(), tool: z.string(), reason: z.string() })),
});

export type ToolItem = z.output<typeof toolItem>;
export type ToolList = z.output<typeof toolList>;

/** `GET /aura/tools`: what the agent can do for the caller. Everybody's tools are the same today. */
export function toolRoutes(app: FastifyInstance, list: () => Promise<ToolList>): void {
  app.get("/aura/tools", async (request) => success(await list(), about(request)));
}
