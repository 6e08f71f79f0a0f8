import type { BaseMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { ToolDefinition } from "../../tools/registry.ts";
import type { AnswerLimits } from "../limits.ts";
import { type Answer, type AnswerListener, ask } from "./answer.ts";
import { contextRefusal } from "./context-refusal.ts";
import { ModelError, refusalOf } from "./errors.ts";
import { modelInput } from "./history.ts";
import type { ModelServer } from "./server.ts";
import { countTokens } from "./tokens.ts";

/** What a model is asked. */
export interface Question {
  system: string;
  messages: readonly BaseMessage[];
  /** Those that it may call. */
  tools: readonly ToolDefinition[];
}

export interface Answered extends Answer {
  /** Who has answered. */
  server: ModelServer;
}

export interface Listener extends AnswerListener {
  /** Told of a server that has failed, and of which the next one takes the place. */
  onFallback?(error: ModelError): void;
}

/** A request is made again in another form at most so often. */
const MAX_FORMS = 5;

/**
 * Asks the first server, and the next one when it fails - unless the user has seen words of it: half an answer of one and the rest of
 * another would be neither's.
 *
 * @throws ModelError of the last one that was asked
 */
export async function converse(
  servers: readonly ModelServer[],
  question: Question,
  config: LangGraphRunnableConfig,
  listener: Listener,
  limits: AnswerLimits,
): Promise<Answered> {
  let hasSpoken = false;
  const heard: AnswerListener = {
    onText(delta) {
      hasSpoken = true;
      listener.onText?.(delta);
    },
    onThought: (text) => listener.onThought?.(text),
  };
  for (const [at, server] of servers.entries()) {
    try {
      return { ...(await askServer(server, question, config, heard, limits)), server };
    } catch (error) {
      const isLast = at === servers.length - 1;
      if (isLast || hasSpoken || !(error instanceof ModelError) || error.kind === "endless") throw error;
      listener.onFallback?.(error);
    }
  }
  throw new Error("there is no model to ask");
}

/** Asks, and asks again with a shorter history where the server says that it was too long. */
async function askServer(
  server: ModelServer,
  { system, messages, tools }: Question,
  config: LangGraphRunnableConfig,
  listener: AnswerListener,
  limits: AnswerLimits,
): Promise<Answer> {
  const { model, tokens } = server.with(tools);
  let before = Infinity;
  for (let form = 1; ; form += 1) {
    const input = modelInput(system, messages, server.window.budget() - tokens);
    const estimate = countTokens(input) + tokens;
    if (!server.window.mayFit(estimate) || estimate >= before) throw tooLong(estimate);
    try {
      const answer = await ask(model, input, config, listener, limits);
      if (answer.usage !== undefined) server.window.counted(estimate, answer.usage.input_tokens);
      return answer;
    } catch (error) {
      const refusal = refusalOf(error);
      const said = refusal === null ? null : contextRefusal(refusal);
      if (said === null) throw error;
      if (form >= MAX_FORMS) throw tooLong(estimate, error);
      server.window.exceeded(estimate, said);
      before = estimate;
    }
  }
}

function tooLong(estimate: number, cause?: unknown): ModelError {
  return new ModelError("context", `about ${estimate} tokens are more than the model reads`, cause);
}
