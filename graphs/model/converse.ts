import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { ToolDefinition } from "../../tools/registry.ts";
import type { AnswerLimits } from "../state/limits.ts";
import { modelSignal } from "../state/state.ts";
import { ask, type Model } from "./answer.ts";
import type { AnswerListener, ModelAnswer } from "./answer-collector.ts";
import { contextRefusal } from "./context-refusal.ts";
import { ModelError, refusalOf, type ServerRefusal } from "./errors.ts";
import { modelInput } from "./history.ts";
import type { ModelServer } from "./server.ts";
import { countTokens } from "./tokens.ts";
import { culpritSearch, isAboutTools, namedTools, takesNoTools } from "./tool-refusal.ts";

/** What a model is asked. */
interface Question {
  system: string;
  messages: readonly BaseMessage[];
  /** The tools that it may call. */
  tools: readonly ToolDefinition[];
  /** Whether a tool is one of our own: those are never what a server refuses. */
  isOwn?(name: string): boolean;
}

export interface ServedAnswer extends ModelAnswer {
  /** The server that has answered. */
  server: ModelServer;
}

export interface ConverseListener extends AnswerListener {
  /** Called when a server has failed and the next one takes its place. */
  onFallback?(error: ModelError): void;
  /**
   * Called when a server does not take tools, which it is not offered any more; `isFound` when it is known
   * that these are the ones.
   */
  onToolsRefused?(names: readonly string[], isFound: boolean): void;
}

/** How often one request is made at most, each time in another form. */
const MAX_FORMS = 5;

/**
 * Asks the first server, and the next one when it fails, unless the user has already seen words of the
 * answer: one model must not continue half an answer of another.
 *
 * @throws ModelError of the last one that was asked
 */
export async function converse(
  servers: readonly ModelServer[],
  question: Question,
  config: LangGraphRunnableConfig,
  listener: ConverseListener,
  limits: AnswerLimits,
): Promise<ServedAnswer> {
  const heard = noticingWords(listener);
  for (const [at, server] of servers.entries()) {
    try {
      return { ...(await askServer(server, question, config, heard, limits)), server };
    } catch (error) {
      const isLast = at === servers.length - 1;
      if (isLast || heard.hasSpoken() || !(error instanceof ModelError) || error.kind === "endless")
        throw error;
      listener.onFallback?.(error);
    }
  }
  throw new Error("there is no model to ask");
}

/**
 * A listener that knows whether the user has seen words of the answer. From then on it must not be begun
 * again.
 */
interface NoticingListener extends ConverseListener {
  hasSpoken(): boolean;
}

function noticingWords(listener: ConverseListener): NoticingListener {
  let spoken = false;
  return {
    ...listener,
    onText(delta) {
      spoken = true;
      listener.onText?.(delta);
    },
    hasSpoken: () => spoken,
  };
}

/**
 * Asks one server, and asks again in another form where it says what is wrong with the request: with a
 * shorter history, or without the tools that it does not take.
 */
async function askServer(
  server: ModelServer,
  question: Question,
  config: LangGraphRunnableConfig,
  listener: NoticingListener,
  limits: AnswerLimits,
): Promise<ModelAnswer> {
  const form: Form = { tools: question.tools, atMost: Infinity };
  for (let made = 1; ; made += 1) {
    const { model, tokens, tools } = server.with(form.tools);
    const input = modelInput(question.system, question.messages, server.window.budget() - tokens);
    const estimate = countTokens(input) + tokens;
    if (!server.window.mayFit(estimate) || estimate >= form.atMost) throw tooLong(estimate);
    try {
      const answer = await ask(model, input, config, listener, limits);
      if (answer.usage !== undefined) server.window.counted(estimate, answer.usage.input_tokens);
      if (form.unnamed) await findCulprits(server, question, form.unnamed.suspects, config, listener);
      return answer;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null || made >= MAX_FORMS || listener.hasSpoken()) throw error;
      const said = contextRefusal(refusal);
      if (said !== null) {
        server.window.exceeded(estimate, said);
        form.atMost = estimate;
      } else if (!refusal.isAboutRequest) throw error;
      else withoutRefused(form, tools, { error, refusal, server, question, listener });
    }
  }
}

/** The form of the next request. */
interface Form {
  tools: readonly ToolDefinition[];
  /** An estimate that was too long: the next request has to be shorter, in tokens. */
  atMost: number;
  /** Tools that are left out because a request with them was refused without naming one. */
  unnamed?: { suspects: readonly string[]; error: unknown };
}

interface Refused {
  error: unknown;
  refusal: ServerRefusal;
  server: ModelServer;
  question: Question;
  listener: ConverseListener;
}

/**
 * Leaves out the tools that a refusal is about, or may be about. Throws its error when it cannot be about
 * any.
 */
function withoutRefused(form: Form, offered: readonly ToolDefinition[], refused: Refused): void {
  const { error, refusal, server, question, listener } = refused;
  // Refused without these tools as well, so they were not the reason.
  if (form.unnamed !== undefined) throw form.unnamed.error;
  const names = offered.map(nameOf);
  const others = names.filter((name) => question.isOwn?.(name) !== true);
  const named = namedIn(refusal, names, others);
  if (named.length > 0) {
    server.leaveOut(offered.filter((tool) => named.includes(nameOf(tool))));
    listener.onToolsRefused?.(named, true);
  } else if (others.length > 0) {
    form.unnamed = { suspects: others, error };
    form.tools = offered.filter((tool) => !others.includes(nameOf(tool)));
  } else throw error;
  form.atMost = Infinity;
}

function nameOf(tool: ToolDefinition): string {
  return tool.function.name;
}

/** All tools when the model takes none, else those that the refusal names and that are not our own. */
function namedIn(refusal: ServerRefusal, names: readonly string[], others: readonly string[]): string[] {
  const said = refusal.said();
  if (takesNoTools(said)) return [...names];
  if (!isAboutTools(refusal.status, said)) return [];
  return namedTools(said, names).filter((name) => others.includes(name));
}

/** The request was taken without these tools: finds out which of them the server refuses. */
async function findCulprits(
  server: ModelServer,
  { tools }: Question,
  suspects: readonly string[],
  config: LangGraphRunnableConfig,
  listener: ConverseListener,
): Promise<void> {
  const those = (names: readonly string[]) => tools.filter((tool) => names.includes(nameOf(tool)));
  let search = culpritSearch(suspects);
  while (search.next !== null) {
    const taken = await isTaken(server.with(those(search.next)).model, config);
    if (taken === null) {
      listener.onToolsRefused?.(suspects, false);
      return;
    }
    search = taken ? search.taken() : search.refused();
  }
  server.leaveOut(those(search.leftOut));
  listener.onToolsRefused?.(search.leftOut, true);
}

/**
 * Whether a server takes a request with these tools; null when it fails for another reason. The rest of its
 * answer is not read.
 */
async function isTaken(model: Model, config: LangGraphRunnableConfig): Promise<boolean | null> {
  const enough = new AbortController();
  const stops = [config.signal, modelSignal(config)].filter((each) => each !== undefined);
  const signal = AbortSignal.any([...stops, enough.signal]);
  try {
    const stream = await model.stream([new HumanMessage("Say OK.")], { signal });
    await stream.next();
    return true;
  } catch (error) {
    for (const stop of stops) stop.throwIfAborted();
    return refusalOf(error)?.isAboutRequest === true ? false : null;
  } finally {
    enough.abort();
  }
}

function tooLong(estimate: number, cause?: unknown): ModelError {
  return new ModelError("context", `about ${estimate} tokens are more than the model reads`, cause);
}
