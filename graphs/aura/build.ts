import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type BaseCheckpointSaver, END, START, StateGraph } from "@langchain/langgraph";
import { createToolRegistry, type ToolRegistry, type ToolSource } from "../../tools/registry.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { modelServer } from "../model/server.ts";
import { DEFAULT_LIMITS, type GraphLimits } from "../state/limits.ts";
import { AuraState } from "../state/state.ts";
import { agentNode } from "./agent.ts";
import { withStoredEvents } from "./barrier.ts";
import { type EffectLedger, NO_LEDGER } from "./effect-ledger.ts";
import { finishNode } from "./finish.ts";
import { NODES } from "./nodes.ts";
import { planNode } from "./plan.ts";
import { routeTo } from "./route.ts";
import { toolNode } from "./tool-call.ts";
import { createUnderWay, type UnderWay } from "./under-way.ts";

export interface GraphOptions {
  model: BaseChatModel;
  tools?: readonly AuraTool[];
  /** More tools, which may come and go between two turns. */
  source?: ToolSource;
  /**
   * All tools, in place of `tools` and `source`, for a caller that checks calls itself as well (examine.ts).
   */
  registry?: ToolRegistry;
  /** Approvals need one. LangGraph's dev server brings its own. */
  checkpointer?: BaseCheckpointSaver;
  /** Remembers what tools have done, so that no call takes effect twice. Default: nothing is remembered. */
  ledger?: EffectLedger;
  /** Knows which effects have not ended. Default: one that nobody asks. */
  underWay?: UnderWay;
  /**
   * How much the model reads, in tokens. Default: what its profile says, else 16,000 until its server says
   * otherwise.
   */
  maxInputTokens?: number | undefined;
  /** The model that is asked when `model` has failed, and how much it reads. */
  fallback?: { model: BaseChatModel; maxInputTokens?: number | undefined } | undefined;
  /**
   * Whether LangGraph's own clients answer the approvals: requests then have LangChain's form too, and an
   * answer that does not name its approval is refused while several wait. Default: true.
   */
  langGraphClients?: boolean;
  /**
   * Whether only one approval is asked for at a time, for clients that cannot say which one they answer.
   * Default: all calls of a turn that need an approval ask at once.
   */
  oneAtATime?: boolean;
  /** How much one run may do. */
  limits?: GraphLimits;
  /** Receives errors that a run survives (a failed plan, a tool's bug, a broken policy), for the log. */
  report?: (error: unknown, where: string) => void;
}

/**
 * LangGraph's internal name of this option. Without it an answer that names no approval would be taken as the
 * answer to every one that waits.
 */
const STRICT_RESUME = "__pregel_strict_resume";

/** The agent: plan -> agent -> tools (one task per call) -> agent ... -> finish. */
export function buildGraph({
  model,
  tools = [],
  source,
  registry = createToolRegistry(tools, source),
  checkpointer,
  ledger = NO_LEDGER,
  underWay = createUnderWay(),
  maxInputTokens,
  fallback,
  langGraphClients = true,
  oneAtATime = false,
  limits = DEFAULT_LIMITS,
  report = () => {},
}: GraphOptions) {
  const servers = [
    modelServer(model, maxInputTokens),
    ...(fallback === undefined ? [] : [modelServer(fallback.model, fallback.maxInputTokens)]),
  ];
  return new StateGraph(AuraState)
    .addNode(NODES.plan, withStoredEvents(planNode({ servers, registry, limits, report })))
    .addNode(NODES.agent, withStoredEvents(agentNode({ servers, registry, limits, oneAtATime, report })))
    .addNode(
      NODES.tools,
      withStoredEvents(toolNode({ registry, ledger, underWay, langGraphClients, report })),
    )
    .addNode(NODES.finish, withStoredEvents(finishNode(limits)))
    .addEdge(START, NODES.plan)
    .addEdge(NODES.plan, NODES.agent)
    .addConditionalEdges(NODES.agent, routeTo({ registry, report }, limits, oneAtATime), [
      NODES.tools,
      NODES.finish,
    ])
    .addEdge(NODES.tools, NODES.agent)
    .addEdge(NODES.finish, END)
    .compile(checkpointer === undefined ? {} : { checkpointer })
    .withConfig({
      // Every turn is agent and tools, perhaps once per call. Added to that: plan, finish and the turn that
      // reports the limit.
      recursionLimit: 2 * limits.maxTurns * (oneAtATime ? limits.maxCalls : 1) + 10,
      ...(langGraphClients ? { configurable: { [STRICT_RESUME]: true } } : {}),
    });
}

/** What `buildGraph` returns. */
export type AuraGraph = ReturnType<typeof buildGraph>;
