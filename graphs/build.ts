import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type BaseCheckpointSaver, END, START, StateGraph } from "@langchain/langgraph";
import { createToolRegistry, type ToolRegistry, type ToolSource } from "../tools/registry.ts";
import type { AuraTool } from "../tools/tool.ts";
import { agentNode, routeTo } from "./agent.ts";
import type { Model } from "./answer.ts";
import { withStoredEvents } from "./barrier.ts";
import { type EffectLedger, NO_LEDGER } from "./effect.ts";
import { finishNode } from "./finish.ts";
import { DEFAULT_MAX_INPUT_TOKENS } from "./history.ts";
import { DEFAULT_LIMITS, type GraphLimits } from "./limits.ts";
import { planNode } from "./plan.ts";
import { AuraState } from "./state.ts";
import { toolNode } from "./tool-call.ts";
import { createUnderWay, type UnderWay } from "./under-way.ts";

export interface GraphOptions {
  model: BaseChatModel;
  tools: readonly AuraTool[];
  /** More tools, which may come and go between two turns. */
  source?: ToolSource;
  /** Needed wherever approvals are; LangGraph's dev server brings its own. */
  checkpointer?: BaseCheckpointSaver;
  /** Remembers what tools have done, so that none does it twice. Default: nothing is remembered. */
  ledger?: EffectLedger;
  /** Knows which effects have not ended. Default: nobody asks. */
  underWay?: UnderWay;
  /** How much the model reads. Default: what its profile says, else 16,000. */
  maxInputTokens?: number;
  /** How much one run may do. */
  limits?: GraphLimits;
  /** Told about errors that a run survives: a failed plan, a tool's bug, a broken policy. For the log. */
  report?: (error: unknown, where: string) => void;
}

/** The agent: plan -> agent -> tools (one task per call) -> agent ... -> finish. */
export function buildGraph({
  model,
  tools,
  source,
  checkpointer,
  ledger = NO_LEDGER,
  underWay = createUnderWay(),
  maxInputTokens,
  limits = DEFAULT_LIMITS,
  report = () => {},
}: GraphOptions) {
  const registry = createToolRegistry(tools, source);
  const window = maxInputTokens ?? model.profile.maxInputTokens ?? DEFAULT_MAX_INPUT_TOKENS;
  return (
    new StateGraph(AuraState)
      .addNode(
        "plan",
        withStoredEvents(planNode({ model, registry, maxInputTokens: window, limits, report })),
      )
      .addNode(
        "agent",
        withStoredEvents(agentNode({ model: binder(model, registry), maxInputTokens: window, limits })),
      )
      .addNode("tools", withStoredEvents(toolNode({ registry, ledger, underWay, report })))
      .addNode("finish", withStoredEvents(finishNode(limits)))
      .addEdge(START, "plan")
      .addEdge("plan", "agent")
      .addConditionalEdges("agent", routeTo({ registry, report }, limits), ["tools", "finish"])
      .addEdge("tools", "agent")
      .addEdge("finish", END)
      .compile(checkpointer === undefined ? {} : { checkpointer })
      // Every turn is two steps, agent and tools; plan, finish and the limit's own turn come on top.
      .withConfig({ recursionLimit: 2 * limits.maxTurns + 10 })
  );
}

/** What `buildGraph` returns. */
export type AuraGraph = ReturnType<typeof buildGraph>;

/** The model with the tools of the moment; bound anew only when they have changed. */
function binder(model: BaseChatModel, registry: ToolRegistry): () => Model {
  let { definitions } = registry;
  let bound = bind(model, definitions);
  return () => {
    if (registry.definitions !== definitions) {
      definitions = registry.definitions;
      bound = bind(model, definitions);
    }
    return bound;
  };
}

function bind(model: BaseChatModel, definitions: ToolRegistry["definitions"]): Model {
  if (definitions.length === 0) return model;
  if (model.bindTools === undefined) throw new Error(`${model.getName()} cannot call tools`);
  return model.bindTools([...definitions]);
}
