import { z } from "zod";
import { currentTime } from "./current-time.ts";
import { type MailSettings, sendEmail } from "./send-email.ts";
import type { AuraTool } from "./tool.ts";

/** A tool as OpenAI-compatible models take it. */
export interface ToolDefinition {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
}

/** The tools of one graph, by name. */
export interface ToolRegistry {
  readonly tools: readonly AuraTool[];
  get(name: string): AuraTool | undefined;
  /** What the model is given. */
  readonly definitions: readonly ToolDefinition[];
}

/** Names that every model provider accepts. */
const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Refuses a name that is malformed or used twice: which of two tools would run must never depend on order. */
export function createToolRegistry(tools: readonly AuraTool[]): ToolRegistry {
  const byName = new Map<string, AuraTool>();
  for (const tool of tools) {
    if (!TOOL_NAME.test(tool.name)) throw new Error(`"${tool.name}" is not a usable tool name`);
    if (byName.has(tool.name)) throw new Error(`two tools are named "${tool.name}"`);
    byName.set(tool.name, tool);
  }
  return Object.freeze({
    tools: Object.freeze([...tools]),
    get: (name: string) => byName.get(name),
    definitions: Object.freeze(tools.map(toDefinition)),
  });
}

/** What the tools reach; one that needs what is not there is left out. */
export interface ToolSettings {
  mail: MailSettings;
}

/** The tools that Aura-Platform ships with. */
export function defaultTools({ mail }: ToolSettings): AuraTool[] {
  return [sendEmail(mail), currentTime()];
}

function toDefinition(tool: AuraTool): ToolDefinition {
  // What the model writes is the schema's input; `$schema` is noise that some local servers refuse.
  const { $schema: _, ...parameters } = z.toJSONSchema(tool.schema, { io: "input" });
  return { type: "function", function: { name: tool.name, description: tool.description, parameters } };
}
