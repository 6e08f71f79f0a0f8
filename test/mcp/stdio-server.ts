import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

// A Model Context Protocol server of the official SDK, on stdin and stdout.

// Stays alive when its stdin ends, like a server that has to be killed.
if (process.argv.includes("--stubborn")) setInterval(() => {}, 60_000);
// Never speaks.
if (process.argv.includes("--mute")) await new Promise(() => setInterval(() => {}, 60_000));

const server = new McpServer({ name: "desk", version: "1.0.0" });

server.registerTool(
  "echo",
  { description: "Says it again.", inputSchema: { text: z.string() }, annotations: { readOnlyHint: true } },
  ({ text }, { _meta }) => ({
    content: [{ type: "text", text: JSON.stringify({ text, _meta, pid: process.pid }) }],
  }),
);

server.registerTool(
  "write",
  { description: "Writes it down.", inputSchema: { text: z.string().max(20) } },
  ({ text }) => ({
    content: [{ type: "text", text: `wrote ${text}` }],
  }),
);

server.registerTool("die", { description: "Ends the server.", annotations: { readOnlyHint: true } }, () =>
  process.exit(1),
);

await server.connect(new StdioServerTransport());
