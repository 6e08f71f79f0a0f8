import { Command, MemorySaver } from "@langchain/langgraph";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { buildGraph, type GraphOptions } from "../../graphs/aura/build.ts";
import { createModel } from "../../graphs/create-model.ts";
import type { ApprovalRequest } from "../../graphs/state/approval.ts";
import type { GraphEvent } from "../../graphs/state/graph-event.ts";
import { runInput, type State } from "../../graphs/state/state.ts";
import { type AuraTool, type ToolContext, ToolError } from "../../tools/tool.ts";
import { type OpenAiStub, type StubStep, startOpenAiStub } from "../helpers/openai-stub.ts";

/** What the tools below have done. */
export interface Effects {
  /** Texts that `note` wrote, with their contexts. */
  notes: { text: string; context: ToolContext }[];
  echoes: string[];
}

/** `note` needs approval, `echo` needs none, `broken` and `failing` throw, `picky` decides by its argument. */
export function testTools(effects: Effects): AuraTool[] {
  const schema = z.strictObject({ text: z.string() });
  const tool = (name: string, rest: Partial<AuraTool<typeof schema>>): AuraTool<typeof schema> => ({
    name,
    description: `The ${name} tool.`,
    schema,
    approval: "never",
    approvalMessage: ({ text }) => `Run ${name} with ${text}?`,
    execute: async () => null,
    ...rest,
  });
  return [
    tool("note", {
      approval: "always",
      async execute({ text }, context) {
        effects.notes.push({ text, context });
        return { noted: text };
      },
    }),
    tool("echo", {
      async execute({ text }) {
        effects.echoes.push(text);
        return text;
      },
    }),
    tool("failing", { execute: () => Promise.reject(new ToolError("the printer is on fire")) }),
    tool("broken", { execute: () => Promise.reject(new TypeError("x is undefined at secret.ts:1")) }),
    tool("picky", { approval: ({ text }) => text.startsWith("danger") }),
    tool("confused", {
      approval: () => {
        throw new Error("cannot decide");
      },
    }),
  ];
}

export interface Interrupted {
  id: string;
  value: ApprovalRequest;
}

/** A graph on a scripted model server, with its checkpoints in memory. */
export async function harness(steps: StubStep[] = [], options: Partial<GraphOptions> = {}) {
  const stub = await startOpenAiStub(steps);
  const effects: Effects = { notes: [], echoes: [] };
  const reports: { error: unknown; where: string }[] = [];
  const graph = buildGraph({
    model: stubModel(stub),
    tools: testTools(effects),
    checkpointer: new MemorySaver(),
    report: (error, where) => reports.push({ error, where }),
    ...options,
  });
  const config = (thread = "thread-1") => ({
    configurable: { thread_id: thread, tenantId: "tenant1", userId: "user1", runId: "run-1" },
  });

  /** Runs until the graph stops and returns what it wrote. */
  const stream = async (input: Parameters<typeof graph.stream>[0], thread?: string, signal?: AbortSignal) => {
    const events: GraphEvent[] = [];
    const parts = await graph.stream(input, {
      ...config(thread),
      streamMode: "custom",
      durability: "sync",
      ...(signal ? { signal } : {}),
    });
    for await (const event of parts) events.push(event);
    return events;
  };

  onTestFinished(async () => {
    await stub.close();
  });

  return {
    stub,
    graph,
    effects,
    reports,
    config,
    stream,
    run: (
      prompt: string,
      rest: Partial<Parameters<typeof runInput>[0]> & { thread?: string; signal?: AbortSignal } = {},
    ) =>
      stream(
        runInput({ prompt, context: rest.context ?? {}, language: rest.language ?? "en" }),
        rest.thread,
        rest.signal,
      ),
    resume: (decisions: Record<string, unknown>, thread?: string) =>
      stream(new Command({ resume: decisions }), thread),
    state: async (thread?: string): Promise<State> => (await graph.getState(config(thread))).values,
    interrupts: async (thread?: string): Promise<Interrupted[]> => {
      const { tasks } = await graph.getState(config(thread));
      // A decided call that waits for its siblings still lists its interrupt, but has a result.
      return tasks.flatMap((task) => (task.result === undefined ? task.interrupts : [])) as Interrupted[];
    },
  };
}

export function stubModel(
  stub: OpenAiStub,
  rest: { model?: string; timeoutMs?: number; maxRetries?: number } = {},
) {
  return createModel({ model: "stub-model", baseUrl: stub.url, retryDelayMs: 1, timeoutMs: 60_000, ...rest });
}

/** The assistant's words, put together as the web client does. */
export function textOf(events: readonly GraphEvent[]): string {
  return events.map((event) => (event.type === "content" ? event.content : "")).join("");
}

/** One line per event, short enough to compare in order. */
export function outline(events: readonly GraphEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === "thought") return [];
    if (event.type === "plan_step") return [`${event.step.id} ${event.step.status}`];
    if (event.type === "tool_execution") return [`${event.tool} ${event.status}`];
    return [`content ${event.content}`];
  });
}
