import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { currentTime } from "./current-time.ts";
import { type KnowledgeReader, recentEvents, searchKnowledge } from "./knowledge.ts";
import { listMyTasks, type TaskReader } from "./list-my-tasks.ts";
import { type MailSettings, sendEmail } from "./send-email.ts";
import type { AuraTool } from "./tool.ts";
import { isToolName } from "./tool-name.ts";

/** A tool in the form that OpenAI-compatible models take. */
export interface ToolDefinition {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
}

/** Tools that come and go while the service runs. */
export interface ToolSource {
  /** The tools that there are now: the same array for as long as nothing changes. */
  tools(): readonly AuraTool[];
  /** Why there is no tool of this name now; undefined when the name cannot be one of this source's. */
  whyMissing(name: string, language: Language): string | undefined;
  /**
   * A provider does not take this tool: it is not offered any more until its server lists it anew. Other
   * tools are not affected.
   */
  leaveOut?(name: string, why: string): void;
}

/** The tools of one graph, by name. With a source they may change between two reads. */
export interface ToolRegistry {
  readonly tools: readonly AuraTool[];
  get(name: string): AuraTool | undefined;
  /** The definitions for the model: the same array for as long as the tools are the same. */
  readonly definitions: readonly ToolDefinition[];
  /** Whether a name is that of one of our own tools, which are always there. */
  isOwn(name: string): boolean;
  /** Why a tool that is not there is missing, when that is known. */
  whyMissing: ToolSource["whyMissing"];
  leaveOut: NonNullable<ToolSource["leaveOut"]>;
}

const NO_TOOLS: readonly AuraTool[] = Object.freeze([]);
const NO_SOURCE: ToolSource = Object.freeze({ tools: () => NO_TOOLS, whyMissing: () => undefined });

/**
 * Refuses an invalid name, and one that is used twice: which of two tools runs must never depend on their
 * order. A source's tool with such a name is left out instead, so that it can neither shadow one of `tools`
 * nor stop the service.
 */
export function createToolRegistry(tools: readonly AuraTool[], source = NO_SOURCE): ToolRegistry {
  for (const [at, { name }] of tools.entries()) {
    if (!isToolName(name)) throw new Error(`"${name}" is not a usable tool name`);
    if (tools.findIndex((tool) => tool.name === name) < at) throw new Error(`two tools are named "${name}"`);
  }
  let found = source.tools();
  let snapshot = snapshotOf(tools, found);
  const current = () => {
    const now = source.tools();
    if (now !== found) {
      found = now;
      snapshot = snapshotOf(tools, now);
    }
    return snapshot;
  };
  return Object.freeze({
    get tools() {
      return current().tools;
    },
    get: (name: string) => current().byName.get(name),
    get definitions() {
      return current().definitions;
    },
    isOwn: (name: string) => tools.some((tool) => tool.name === name),
    whyMissing: source.whyMissing,
    leaveOut: (name: string, why: string) => source.leaveOut?.(name, why),
  });
}

function snapshotOf(own: readonly AuraTool[], found: readonly AuraTool[]) {
  const byName = new Map(own.map((tool) => [tool.name, tool]));
  for (const tool of found) {
    if (isToolName(tool.name) && !byName.has(tool.name)) byName.set(tool.name, tool);
  }
  const tools = Object.freeze([...byName.values()]);
  return { tools, byName, definitions: Object.freeze(tools.map(toDefinition)) };
}

/** What the tools reach; a tool whose part is missing is left out. */
export interface ToolSettings {
  mail: MailSettings;
  tasks?: TaskReader;
  knowledge?: KnowledgeReader;
}

/** The tools that Aura-Platform ships with. */
export function defaultTools({ mail, tasks, knowledge }: ToolSettings): AuraTool[] {
  return [
    sendEmail(mail),
    currentTime(),
    ...(knowledge === undefined ? [] : [searchKnowledge(knowledge), recentEvents(knowledge)]),
    ...(tasks === undefined ? [] : [listMyTasks(tasks)]),
  ];
}

function toDefinition(tool: AuraTool): ToolDefinition {
  const { name, description } = tool;
  return { type: "function", function: { name, description, parameters: tool.parameters ?? derived(tool) } };
}

function derived(tool: AuraTool): Record<string, unknown> {
  // The model writes the schema's input. Some local servers refuse `$schema`.
  const { $schema: _, ...parameters } = z.toJSONSchema(tool.schema, { io: "input" });
  return parameters;
}
