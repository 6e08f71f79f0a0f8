import { type Tool, ToolSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { AuraTool } from "../../tools/tool.ts";
import { callTool } from "./call.ts";
import { schemaChecker } from "./json-schema.ts";
import type { Connection } from "./keep-connected.ts";
import { toolName } from "./names.ts";
import { linearPatterns } from "./patterns.ts";
import type { McpServer } from "./settings.ts";
import { TEXTS } from "./texts.ts";

/** A description goes into every request to the model. */
const MAX_DESCRIPTION = 1_000;

/** So does a schema; as JSON, in characters. */
const MAX_SCHEMA = 32 * 1024;

/** Of what is wrong with arguments. */
const MAX_PROBLEM = 1_000;

/**
 * A server's list as tools of the agent. What cannot be one is left out and told to `leaveOut` - never because of the order of
 * the list: of two tools that would have one name, neither is taken. `unchecked` is told, once for a tool, of a pattern that its
 * arguments are not checked against.
 */
export function toAuraTools(
  server: McpServer,
  connection: Pick<Connection, "call">,
  listed: readonly unknown[],
  leaveOut: (tool: string, why: string) => void,
  unchecked: (tool: string, pattern: string) => void = () => {},
): AuraTool[] {
  const wanted = listed.flatMap((each) => {
    const name = nameIn(each);
    if (server.tools !== undefined && !server.tools.includes(name)) return [];
    const tool = ToolSchema.safeParse(each);
    const why = tool.success ? unusable(server, tool.data) : "it is not described as the protocol asks";
    if (why === null && tool.success) return [tool.data];
    leaveOut(name, why ?? "");
    return [];
  });
  const names = wanted.map(({ name }) => toolName(server.name, name));
  return wanted.flatMap((tool, at) => {
    const name = names[at];
    if (typeof name !== "string") return [];
    if (names.indexOf(name) === names.lastIndexOf(name))
      return [toAuraTool(server, connection, tool, name, once(unchecked, tool.name))];
    leaveOut(tool.name, `another tool of this server would also be named ${name}`);
    return [];
  });
}

function unusable(server: McpServer, tool: Tool): string | null {
  if (toolName(server.name, tool.name) === null) return "nothing of its name is usable";
  if (tool.execution?.taskSupport === "required") return "it can only be run as a task";
  if (JSON.stringify(tool.inputSchema).length > MAX_SCHEMA) return "its schema is too large";
  return null;
}

function toAuraTool(
  server: McpServer,
  connection: Pick<Connection, "call">,
  tool: Tool,
  name: string,
  unreadable: (pattern: string) => void,
): AuraTool {
  const { readOnlyHint = false, idempotentHint = false } = server.trust ? (tool.annotations ?? {}) : {};
  // Of the two names the usable one: it is safe to show.
  const shown = name.slice(server.name.length + 2);
  return {
    name,
    description: `[${server.name}] ${oneLine(tool.description ?? tool.title ?? shown)}`,
    schema: argumentsSchema(tool.inputSchema, unreadable),
    parameters: parametersOf(tool.inputSchema),
    approval: server.approval.get(tool.name) ?? (readOnlyHint ? "never" : "always"),
    idempotent: readOnlyHint || idempotentHint,
    untrusted: true,
    // A server does not say what its arguments mean: of any of them a long text may be shown in part, and nothing else.
    identifying: [],
    approvalMessage: (_args, language) => TEXTS[language].approve(server.name, shown),
    execute: (args, context) => callTool({ server, connection, tool: tool.name }, args, context),
  };
}

/**
 * Interpreted, not compiled: a server's schema never becomes code of ours, and never costs more than a bounded number of
 * steps (decision 58). The arguments stay exactly as they are: what is approved is what is sent.
 */
function argumentsSchema(schema: Tool["inputSchema"], unreadable: (pattern: string) => void): z.ZodObject {
  const problemOf = schemaChecker(schema, linearPatterns(unreadable));
  return z.looseObject({}).superRefine((args, context) => {
    const problem = problemOf(args);
    if (problem === null) return;
    // Beside the words, because these name the place already.
    const params = { at: /^(\/[^:]*): /.exec(problem)?.[1] ?? "" };
    context.addIssue({ code: "custom", message: problem.slice(0, MAX_PROBLEM), params });
  });
}

/** One line for a tool is enough to know of, and a schema can have thousands of patterns. */
function once(unchecked: (tool: string, pattern: string) => void, tool: string): (pattern: string) => void {
  let told = false;
  return (pattern) => {
    if (!told) unchecked(tool, pattern.slice(0, 200));
    told = true;
  };
}

/** What OpenAI refuses at the top of a schema is not shown to the model - one such tool would stop every request - but checked. */
function parametersOf(schema: Tool["inputSchema"]): Record<string, unknown> {
  const { $schema, anyOf, oneOf, allOf, not, if: _if, then, else: _else, enum: _enum, ...rest } = schema;
  return { ...rest, properties: rest.properties ?? {} };
}

/** One line, because the planner gets the tools as a list of lines. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > MAX_DESCRIPTION ? `${line.slice(0, MAX_DESCRIPTION)}…` : line;
}

const named = z.object({ name: z.string() });

/** For the log and the allow-list, before anything else of it is known to be right. */
function nameIn(listed: unknown): string {
  const parsed = named.safeParse(listed);
  return parsed.success ? parsed.data.name.slice(0, 200) : "(no name)";
}
