import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { buildGraph } from "../graphs/build.ts";
import { createModel, modelFailure } from "../graphs/model.ts";
import { partialAnswer, refusal } from "../graphs/outside.ts";
import { runInput } from "../graphs/state.ts";
import { defaultTools, type ToolSource } from "../tools/registry.ts";
import type { Config } from "./config.ts";
import type { EffectLedger } from "./ports/effect-ledger.ts";
import type { Agent } from "./runs/agent-graph.ts";

/** The configured model and tools, and those that come and go, as the graph that runs execute. */
export function createAgent(
  config: Config,
  checkpointer: BaseCheckpointSaver,
  ledger: EffectLedger,
  logger: Logger,
  source: ToolSource,
): Agent {
  const { apiKey, baseUrl } = config.openai;
  const graph = buildGraph({
    model: createModel({ model: config.model, apiKey, baseUrl }),
    tools: defaultTools({ mail: config.mail }),
    source,
    checkpointer,
    ledger,
    report: (err, where) => logger.warn({ err, where }, "the run goes on after an error"),
  });
  return {
    graph,
    input: runInput,
    modelFailure,
    refusal,
    partialAnswer,
  };
}
