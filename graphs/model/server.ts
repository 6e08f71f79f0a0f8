import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { ToolDefinition } from "../../tools/registry.ts";
import type { Model } from "./answer.ts";
import { CompatibleChatModel } from "./compatible-model.ts";
import { tokensOf } from "./tokens.ts";
import { type ContextWindow, contextWindow, DEFAULT_MAX_INPUT_TOKENS } from "./window.ts";

/** A model at its endpoint, and what has been learned of it. Lives as long as the process. */
export interface ModelServer {
  /** The model's name, for people. */
  name: string;
  /** Endpoint and model, to which fields of the server's own are bound. */
  id: string;
  window: ContextWindow;
  /** The model bound to those of these tools that it takes, and what the tools cost to read, in tokens. */
  with(tools: readonly ToolDefinition[]): BoundModel;
  /** The server refuses these tools: it is not offered them again in this form. */
  leaveOut(tools: readonly ToolDefinition[]): void;
}

interface BoundModel {
  model: Model;
  tools: readonly ToolDefinition[];
  tokens: number;
}

/** @param maxInputTokens default: what the model's profile says, else 16,000 */
export function modelServer(model: BaseChatModel, maxInputTokens?: number): ModelServer {
  const known = maxInputTokens ?? model.profile.maxInputTokens;
  const name = model instanceof CompatibleChatModel ? model.model : model.getName();
  const refused = new Set<string>();
  let bound = new WeakMap<readonly ToolDefinition[], BoundModel>();
  return {
    name,
    id: model instanceof CompatibleChatModel ? model.server : name,
    window: contextWindow(known ?? DEFAULT_MAX_INPUT_TOKENS, { isKnown: known !== undefined }),
    with(tools) {
      const found =
        bound.get(tools) ??
        bind(
          model,
          tools.filter((tool) => !refused.has(JSON.stringify(tool))),
        );
      bound.set(tools, found);
      return found;
    },
    leaveOut(out) {
      for (const each of out) refused.add(JSON.stringify(each));
      bound = new WeakMap();
    },
  };
}

function bind(model: BaseChatModel, tools: readonly ToolDefinition[]): BoundModel {
  if (tools.length === 0) return { model, tools, tokens: 0 };
  if (model.bindTools === undefined) throw new Error(`${model.getName()} cannot call tools`);
  return { model: model.bindTools([...tools]), tools, tokens: tokensOf(JSON.stringify(tools)) };
}
