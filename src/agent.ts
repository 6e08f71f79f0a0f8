import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { buildGraph } from "../graphs/build.ts";
import { createModel, modelFailure } from "../graphs/model.ts";
import { partialAnswer, refusal } from "../graphs/outside.ts";
import { runInput } from "../graphs/state.ts";
import { defaultTools } from "../tools/registry.ts";
import type { Config } from "./config.ts";
import type { EffectLedger } from "./ports/effect-ledger.ts";
import type { Agent, GraphThread } from "./runs/agent-graph.ts";

/** Where the graph's threads are saved. */
export interface SavedThreads {
  saver: BaseCheckpointSaver;
  /** Removes everything of one. */
  forget(thread: GraphThread["configurable"]): Promise<void>;
}

/** The configured model and tools as the graph that runs execute. */
export function createAgent(
  config: Config,
  { saver, forget }: SavedThreads,
  ledger: EffectLedger,
  logger: Logger,
): Agent {
  const { apiKey, baseUrl } = config.openai;
  const graph = buildGraph({
    model: createModel({ model: config.model, apiKey, baseUrl }),
    tools: defaultTools({ mail: config.mail }),
    checkpointer: saver,
    ledger,
    report: (err, where) => logger.warn({ err, where }, "the run goes on after an error"),
  });
  return {
    graph,
    forget: ({ configurable }) => forget(configurable),
    input: runInput,
    modelFailure,
    refusal,
    partialAnswer,
  };
}
