import { HumanMessage } from "@langchain/core/messages";
import { onTestFinished } from "vitest";
import { ask } from "../../../graphs/model/answer.ts";
import { DEFAULT_LIMITS } from "../../../graphs/state/limits.ts";
import { type StubReply, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { stubModel } from "../harness.ts";

/** Asks a model whose server gives these answers to its requests, one after the other. */
export async function askedOf(replies: StubReply[], options: Parameters<typeof stubModel>[1] = {}) {
  const stub = await startOpenAiStub(replies.map((reply) => ({ reply })));
  onTestFinished(() => stub.close());
  const texts: string[] = [];
  const thoughts: string[] = [];
  const listener = {
    onText: (text: string) => texts.push(text),
    onThought: (text: string) => thoughts.push(text),
  };
  const model = stubModel(stub, options);
  const again = () => ask(model, [new HumanMessage("hi")], {}, listener, DEFAULT_LIMITS);
  return { stub, texts, thoughts, again };
}

/** A stream of these data lines, as they are. */
export const lines = (...data: string[]): StubReply => ({
  raw: { body: data.map((each) => `data: ${each}\n\n`).join("") },
});

/** A chunk with this delta. */
export const delta = (value: unknown, finish: unknown = null): string =>
  JSON.stringify({ choices: [{ index: 0, delta: value, finish_reason: finish }] });
