import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Logger } from "pino";
import { type AuraGraph, buildGraph, type GraphOptions } from "../graphs/aura/build.ts";
import { examineCall } from "../graphs/aura/examine.ts";
import {
  answerCalls,
  closing,
  hasUnappliedAnswers,
  keepPartialAnswer,
  openCalls,
} from "../graphs/aura/outside.ts";
import { createUnderWay } from "../graphs/aura/under-way.ts";
import { createModel } from "../graphs/create-model.ts";
import { modelFailure } from "../graphs/model/errors.ts";
import { tellingOfCheckpoints } from "../graphs/saved/checkpoint-listener.ts";
import { SavedStateError } from "../graphs/saved/portable.ts";
import { copyCheckpoint, dumpState, prepareState, withRunIds } from "../graphs/saved/saved-state.ts";
import { applyEdit, refuseUnfit, toStateUpdate } from "../graphs/saved/state-edits.ts";
import { isPlanned, viewCheckpoint, viewHistory } from "../graphs/saved/thread-view.ts";
import { runInput } from "../graphs/state/state.ts";
import { createToolRegistry, defaultTools, type ToolSettings, type ToolSource } from "../tools/registry.ts";
import type { AuraTool } from "../tools/tool.ts";
import type { Config } from "./config.ts";
import { AuraError } from "./errors.ts";
import { withOfferedForm } from "./mcp/offered-schema.ts";
import type { Agent, GraphThread } from "./ports/agent-graph.ts";
import type { EffectLedger } from "./ports/effect-ledger.ts";
import type { ThreadGraph } from "./ports/thread-graph.ts";

/** The agent, for its runs and for what is saved of them. */
export interface ServiceAgent extends Agent {
  saved: ThreadGraph;
}

/** Where the graph's threads are saved. */
export interface SavedThreads {
  saver: BaseCheckpointSaver;
  /** Removes everything of one. */
  forget(thread: GraphThread["configurable"]): Promise<void>;
}

export interface AgentParts {
  threads: SavedThreads;
  ledger: EffectLedger;
  logger: Logger;
  /** Tools that come and go. */
  source: ToolSource;
  /** What our own tools reach besides mail. */
  reach: Omit<ToolSettings, "mail">;
}

/** The configured model and tools, and those that come and go, as the graph that runs execute. */
export function createAgent(config: Config, parts: AgentParts): ServiceAgent {
  const { ledger, logger, source, reach } = parts;
  const { apiKey, baseUrl } = config.openai;
  const checkpointer = tellingOfCheckpoints(withRunIds(parts.threads.saver));
  const underWay = createUnderWay();
  const registry = createToolRegistry(ownTools(config, reach), source);
  const graph = buildGraph({
    model: createModel({ model: config.model, apiKey, baseUrl }),
    maxInputTokens: config.modelContext,
    fallback: fallbackOf(config),
    registry,
    checkpointer,
    ledger,
    underWay,
    // Main Service's approvals answer these, by id.
    langGraphClients: false,
    limits: config.limits,
    report: (err, where) => logger.warn({ err, where }, "the run goes on after an error"),
  });
  return {
    graph,
    forget: ({ configurable }) => parts.threads.forget(configurable),
    input: runInput,
    modelFailure,
    openCalls,
    hasUnappliedAnswers,
    examine: (call) => examineCall(call, { registry }),
    closing,
    settled: underWay.settled,
    answerCalls: (thread, closings) => answerCalls(graph, thread, closings),
    keepPartialAnswer: (thread, said) => keepPartialAnswer(graph, thread, said),
    saved: threadGraph(graph, checkpointer),
  };
}

function fallbackOf({ fallback }: Config): GraphOptions["fallback"] {
  if (fallback === undefined) return undefined;
  const { context, ...settings } = fallback;
  return { model: createModel(settings), maxInputTokens: context };
}

/** The tools that we ship with, in the form that every provider takes. */
export function ownTools({ mail }: Pick<Config, "mail">, reach: AgentParts["reach"]): AuraTool[] {
  return defaultTools({ mail, ...reach }).map(withOfferedForm);
}

/**
 * The graph's saved threads; what a client has sent that is no state of ours becomes the contract's E4000.
 */
function threadGraph(graph: AuraGraph, saver: BaseCheckpointSaver): ThreadGraph {
  return {
    view: (threadId, checkpointId) => viewCheckpoint(graph, threadId, checkpointId),
    isPlanned,
    history: (threadId, query) => viewHistory(graph, threadId, query),
    async copy(from, toThreadId, edits) {
      const update = edits === undefined ? null : refusing(() => toStateUpdate(edits));
      if (update !== null) {
        const { threadId: thread_id, checkpointId: checkpoint_id } = from;
        const { createdAt, values } = await graph.getState({ configurable: { thread_id, checkpoint_id } });
        if (createdAt === undefined) return false;
        refusing(() => refuseUnfit(update, values));
      }
      if (!(await copyCheckpoint(saver, from, toThreadId))) return false;
      if (update !== null) await applyEdit(graph, toThreadId, update);
      return true;
    },
    dump: (threadId) => dumpState(saver, threadId),
    prepare(state) {
      const store = refusing(() => prepareState(state));
      return (threadId) => store(saver, threadId);
    },
    forget: (threadId) => saver.deleteThread(threadId),
  };
}

function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof SavedStateError)) throw cause;
    throw new AuraError("E4000", { data: { issues: [{ path: "", message: cause.message }] }, cause });
  }
}
