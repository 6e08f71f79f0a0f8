import { z } from "zod";

/**
 * How it stands with an MCP server; why it has failed in a few words that quote nothing. It is tried again.
 */
const standing = {
  state: z.enum(["connecting", "connected", "failed"]),
  reason: z.string().exactOptional(),
};

/** A tool that the agent may use for the caller. */
export const toolItem = z.strictObject({
  name: z.string(),
  description: z.string(),
  source: z.enum(["builtin", "mcp"]),
  server: z.string().exactOptional().describe("Of a tool of an MCP server: the server's name"),
  state: standing.state.exactOptional(),
  reason: standing.reason,
  approval: z
    .enum(["always", "never", "depends"])
    .describe("Whether a person is asked before it runs; `depends`: its arguments decide"),
});
export type ToolItem = z.output<typeof toolItem>;

/**
 * Answer of `GET /aura/tools`: the tools that there are now, and those that there are not, with the reason.
 */
export const toolList = z.strictObject({
  items: z.array(toolItem),
  servers: z.array(z.strictObject({ name: z.string(), ...standing, tools: z.number() })),
  leftOut: z.array(z.strictObject({ server: z.string(), tool: z.string(), reason: z.string() })),
});
export type ToolList = z.output<typeof toolList>;
