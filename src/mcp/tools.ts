import { z } from "zod";
import { cut } from "../../tools/cut.ts";
import { numberOf } from "../../tools/exact-json.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { callTool } from "./call.ts";
import { schemaChecker } from "./json-schema.ts";
import type { Keywords } from "./json-schema-values.ts";
import type { KeptConnection } from "./keep-connected.ts";
import { mapKeptNumbers } from "./kept-numbers.ts";
import { type ListedTool, listedName, readListed } from "./listed-tool.ts";
import { toolName } from "./names.ts";
import type { Restore } from "./offered-names.ts";
import { MAX_LIST_COST, type Offered, offeredSchema } from "./offered-schema.ts";
import { linearPatterns } from "./patterns.ts";
import type { McpServer } from "./settings.ts";
import { MCP_TEXTS } from "./texts.ts";

/** A description goes into every request to the model. */
const MAX_DESCRIPTION = 1_000;

/** Longest text about what is wrong with arguments, in characters. */
const MAX_PROBLEM = 1_000;

/** What is told of a list's tools that are not, or not wholly, what the server has listed. */
interface ListReport {
  leftOut(tool: string, why: string): void;
  /** Once for a tool: something in its schema that arguments are not checked against. */
  unchecked(tool: string, what: string): void;
}

/**
 * A server's list as tools of the agent. What cannot be one is left out and told - never because of the order
 * of the list: of two tools that would have one name, neither is taken, unless they are the same.
 */
export function toAuraTools(
  server: McpServer,
  connection: Pick<KeptConnection, "call">,
  listed: readonly unknown[],
  report: ListReport,
): AuraTool[] {
  const wanted = listed.filter((each) => server.tools?.includes(listedName(each)) ?? true);
  const readable = wanted.flatMap((each) => {
    const read = readListed(each);
    if (read.ok) return [read.tool];
    report.leftOut(read.name, read.why);
    return [];
  });
  const budget = { left: MAX_LIST_COST };
  const usable = withoutRepeats(readable).flatMap((tool) => {
    const name = toolName(server.name, tool.name);
    const offered = offeredSchema(tool.inputSchema, budget);
    if (name !== null && offered.ok) return [{ tool, name, offered }];
    report.leftOut(tool.name, offered.ok ? "nothing of its name is usable" : offered.why);
    return [];
  });
  const names = usable.map(({ name }) => name);
  return usable.flatMap(({ tool, name, offered }) => {
    if (names.indexOf(name) === names.lastIndexOf(name))
      return [toAuraTool({ server, connection, tool, name, offered, report })];
    report.leftOut(tool.name, `another tool of this server would also be named ${name}`);
    return [];
  });
}

/** A server that begins its list anew, whatever its cursor was, lists everything twice. */
function withoutRepeats(tools: readonly ListedTool[]): ListedTool[] {
  return [...new Map(tools.map((tool) => [JSON.stringify(tool), tool])).values()];
}

interface Parts {
  server: McpServer;
  connection: Pick<KeptConnection, "call">;
  tool: ListedTool;
  /** For models and people. */
  name: string;
  offered: Extract<Offered, { ok: true }>;
  report: ListReport;
}

function toAuraTool({ server, connection, tool, name, offered, report }: Parts): AuraTool {
  const { readOnly, idempotent } = server.trust ? tool : { readOnly: false, idempotent: false };
  // Of the two names the usable one: it is safe to show.
  const shown = name.slice(server.name.length + 2);
  return {
    name,
    description: `[${server.name}] ${oneLine(tool.description ?? tool.title ?? shown)}`,
    schema: argumentsSchema(tool.inputSchema, offered.restore, once(report.unchecked, tool.name)),
    parameters: offered.parameters,
    approval: server.approval.get(tool.name) ?? (readOnly ? "never" : "always"),
    idempotent: readOnly || idempotent,
    untrusted: true,
    // A server does not say what its arguments mean: of any of them a long text may be shown in part, and
    // nothing else.
    identifying: [],
    approvalMessage: (_args, language) => MCP_TEXTS[language].approve(server.name, shown),
    execute: (args, context) => {
      const sent = mapKeptNumbers(tool.inputSchema, args, numberOf);
      return callTool({ server, connection, tool: tool.name }, sent, context);
    },
  };
}

/**
 * Interpreted, not compiled: a server's schema never becomes code of ours, and never costs more than a
 * bounded number of steps (decision 58). The arguments stay exactly as they are, but for names that were
 * offered in place of the server's own: what is approved is what is sent.
 */
function argumentsSchema(
  schema: Keywords,
  restore: Restore | undefined,
  unchecked: (what: string) => void,
): z.ZodObject {
  const problemOf = schemaChecker(
    schema,
    linearPatterns((pattern) => unchecked(`the pattern ${pattern}`)),
    (reference) => unchecked(`what ${reference} refers to`),
  );
  const own = z.looseObject({});
  const named = restore === undefined ? own : own.overwrite((args) => own.parse(restore(args)));
  return named.superRefine((args, context) => {
    const problem = problemOf(mapKeptNumbers(schema, args, Number));
    if (problem === null) return;
    // Beside the words, because these name the place already.
    const params = { at: /^(\/[^:]*): /.exec(problem)?.[1] ?? "" };
    context.addIssue({ code: "custom", message: cut(problem, MAX_PROBLEM), params });
  });
}

/** One line for a tool is enough to know of, and a schema can have thousands of patterns. */
function once(unchecked: ListReport["unchecked"], tool: string): (what: string) => void {
  let told = false;
  return (what) => {
    if (!told) unchecked(tool, cut(what, 200));
    told = true;
  };
}

/** One line, because the planner gets the tools as a list of lines. */
function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return `${cut(line, MAX_DESCRIPTION)}${line.length > MAX_DESCRIPTION ? "…" : ""}`;
}
