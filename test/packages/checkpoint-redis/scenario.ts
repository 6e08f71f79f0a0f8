import { Command } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { buildGraph, type Choices, choicesOf, randomSpec } from "./random-graph.ts";
import { collect } from "./sample.ts";

/** What an observer of the graph sees: after each operation, and of the whole in the end. */
export interface Observation {
  operations: { operation: string; outcome: unknown; state: unknown }[];
  history: unknown;
}

interface Run {
  graph: any;
  choices: Choices;
  config: { configurable: { thread_id: string } } & Options;
  options: Options;
}

interface Options {
  recursionLimit: number;
  durability: "sync" | "async" | "exit";
}

/**
 * Builds the seed's random graph on this saver and does the seed's random operations. Ids and times, which
 * differ between any two runs, are replaced by the order in which they turn up.
 */
export async function observe(
  seed: number,
  checkpointer: BaseCheckpointSaver,
  allowed: readonly Operation[] = OPERATIONS,
): Promise<Observation> {
  const choices = choicesOf(seed);
  const graph = buildGraph(randomSpec(choices), checkpointer);
  const options: Options = { recursionLimit: 60, durability: choices.pick(["sync", "async", "exit"]) };
  const config = { configurable: { thread_id: `t${seed}` }, ...options };
  const run: Run = { graph, choices, config, options };
  const neutral = neutralizer();
  const operations: Observation["operations"] = [];
  for (let count = 0; count < 5; count += 1) {
    const operation = count === 0 ? "start" : choices.pick(allowed);
    const outcome = await attempt(() => act(operation, run));
    const state = neutral(await graph.getState(run.config, { subgraphs: true }));
    operations.push({ operation, outcome: neutral(outcome), state });
  }
  return { operations, history: neutral(await collect(graph.getStateHistory(run.config))) };
}

/** Those that never go back to an older checkpoint. */
export const FORWARD: readonly Operation[] = ["start", "resume", "resume", "continue", "update"];

type Operation = (typeof OPERATIONS)[number];
const OPERATIONS = [
  "start",
  "resume",
  "resume",
  "resume",
  "continue",
  "update",
  "fork",
  "edit the past",
] as const;

async function act(operation: Operation, run: Run): Promise<unknown> {
  const { graph, choices, config, options } = run;
  switch (operation) {
    case "start":
      return graph.invoke({ log: ["input"], lap: 0 }, config);
    case "continue":
      return graph.invoke(null, config);
    case "resume":
      return graph.invoke(await answer(run), config);
    case "update":
      await graph.updateState(config, { log: ["edited"], deltas: ["edited"], total: 100 });
      return graph.invoke(null, config);
    case "fork":
      return graph.invoke(null, { ...(await pastConfig(run)), ...options });
    case "edit the past": {
      const edited = await graph.updateState(await pastConfig(run), {
        log: ["rewritten"],
        last: choices.below(9),
      });
      return graph.invoke(null, { ...edited, ...options });
    }
  }
}

/** Answers one open interrupt, or all of them: in any case by id. */
async function answer({ graph, choices, config }: Run): Promise<unknown> {
  const { tasks } = await graph.getState(config);
  const open: { id: string }[] = tasks.flatMap((task: any) => task.interrupts);
  if (open.length === 0) return new Command({ resume: "nobody asked" });
  const some = choices.chance(0.5) ? open : [choices.pick(open)];
  return new Command({ resume: Object.fromEntries(some.map(({ id }, index) => [id, `answer ${index}`])) });
}

async function pastConfig({ graph, choices, config }: Run): Promise<any> {
  const history: any[] = await collect<any>(graph.getStateHistory(config));
  return choices.pick(history).config;
}

async function attempt(action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return { failed: String(error) };
  }
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/g;

function neutralizer() {
  const names = new Map<string, string>();
  const rename = (text: string) =>
    text.replace(ID, (id) => {
      const name = names.get(id) ?? `id${names.size}`;
      names.set(id, name);
      return name;
    });
  const walk = (value: any): any => {
    if (typeof value === "string") return rename(value);
    if (Array.isArray(value)) return value.map(walk);
    if (value?.constructor !== Object) return value;
    // Sorted, so that ids turn up in the same order whatever order a saver gives its channels.
    const keys = Object.keys(value).filter((key) => key !== "createdAt" && value[key] !== undefined);
    return Object.fromEntries(keys.sort().map((key) => [rename(key), walk(value[key])]));
  };
  return walk;
}
