import { z } from "zod";
import type { AuraTool } from "../../tools/tool.ts";
import { callTool } from "./call.ts";
import { cut } from "./cut.ts";
import { schemaChecker } from "./json-schema.ts";
import type { Keywords } from "./json-schema-values.ts";
import type { Connection } from "./keep-connected.ts";
import { type ListedTool, nameOf, readListed } from "./listed-tool.ts";
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
 * the list: of two tools that would have one name, neither is taken, unless they are the same. `unchecked` is told, once for a
 * tool, of a pattern that its arguments are not checked against.
 */
export function toAuraTools(
  server: McpServer,
  connection: Pick<Connection, "call">,
  listed: readonly unknown[],
  leaveOut: (tool: string, why: string) => void,
  unchecked: (tool: string, pattern: string) => void = () => {},
): AuraTool[] {
  const wanted = listed.filter((each) => server.tools?.includes(nameOf(each)) ?? true);
  const usable = wanted.flatMap((each) => {
    const read = readListed(each);
    const why = read.ok ? unusable(server, read.tool) : read.why;
    if (read.ok && why === null) return [read.tool];
    leaveOut(nameOf(each), why ?? "");
    return [];
  });
  const tools = withoutRepeats(usable);
  const names = tools.map(({ name }) => toolName(server.name, name));
  return tools.flatMap((tool, at) => {
    const name = names[at];
    if (typeof name !== "string") return [];
    if (names.indexOf(name) === names.lastIndexOf(name))
      return [toAuraTool(server, connection, tool, name, once(unchecked, tool.name))];
    leaveOut(tool.name, `another tool of this server would also be named ${name}`);
    return [];
  });
}

/** A server that begins its list anew, whatever its cursor was, lists everything twice. */
function withoutRepeats(tools: readonly ListedTool[]): ListedTool[] {
  return [...new Map(tools.map((tool) => [JSON.stringify(tool), tool])).values()];
}

function unusable(server: McpServer, { name, inputSchema }: ListedTool): string | null {
  if (toolName(server.name, name) === null) return "nothing of its name is usable";
  if (JSON.stringify(inputSchema).length > MAX_SCHEMA) return "its schema is too large";
  const types = [inputSchema.type ?? "object"].flat();
  return types.includes("object") ? null : "its schema does not describe an object";
}

function toAuraTool(
  server: McpServer,
  connection: Pick<Connection, "call">,
  tool: ListedTool,
  name: string,
  unreadable: (pattern: string) => void,
): AuraTool {
  const { readOnly, idempotent } = server.trust ? tool : { readOnly: false, idempotent: false };
  // Of the two names the usable one: it is safe to show.
  const shown = name.slice(server.name.length + 2);
  return {
    name,
    description: `[${server.name}] ${oneLine(tool.description ?? tool.title ?? shown)}`,
    schema: argumentsSchema(tool.inputSchema, unreadable),
    parameters: parametersOf(tool.inputSchema),
    approval: server.approval.get(tool.name) ?? (readOnly ? "never" : "always"),
    idempotent: readOnly || idempotent,
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
function argumentsSchema(schema: Keywords, unreadable: (pattern: string) => void): z.ZodObject {
  const problemOf = schemaChecker(schema, linearPatterns(unreadable));
  return z.looseObject({}).superRefine((args, context) => {
    const problem = problemOf(args);
    if (problem !== null) context.addIssue(cut(problem, MAX_PROBLEM));
  });
}

/** One line for a tool is enough to know of, and a schema can have thousands of patterns. */
function once(unchecked: (tool: string, pattern: string) => void, tool: string): (pattern: string) => void {
  let told = false;
  return (pattern) => {
    if (!told) unchecked(tool, cut(pattern, 200));
    told = true;
  };
}

/** What OpenAI refuses at the top of a schema is not shown to the model - one such tool would stop every request - but checked. */
function parametersOf(schema: Keywords): Record<string, unknown> {
  const { $schema, anyOf, oneOf, allOf, not, if: _if, then, else: _else, enum: _enum, ...rest } = schema;
  return { ...rest, properties: rest.properties ?? {} };
}

/** One line, because the planner gets the tools as a list of lines. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return `${cut(line, MAX_DESCRIPTION)}${line.length > MAX_DESCRIPTION ? "…" : ""}`;
}
