import { HumanMessage } from "@langchain/core/messages";
import { onTestFinished } from "vitest";
import { ask } from "../../../graphs/model/answer.ts";
import { DEFAULT_LIMITS } from "../../../graphs/state/limits.ts";
import { type StubReply, type StubStep, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { stubModel } from "../harness.ts";

/** What a model answers whose server replies so, and the pieces in which it came. */
export async function asked(
  replies: StubReply[],
  options: Parameters<typeof stubModel>[1] = {},
  signal?: AbortSignal,
) {
  const stub = await startOpenAiStub(replies.map((reply): StubStep => ({ reply })));
  onTestFinished(() => stub.close());
  const deltas: string[] = [];
  const answer = ask(
    stubModel(stub, options),
    [new HumanMessage("hi")],
    signal ? { signal } : {},
    { onText: (delta) => deltas.push(delta) },
    DEFAULT_LIMITS,
  );
  return { stub, deltas, answer };
}

/** The error of a failing call. */
export async function failing(replies: StubReply[], options: Parameters<typeof stubModel>[1] = {}) {
  const { stub, answer, deltas } = await asked(replies, options);
  const error = await answer.then(
    () => null,
    (caught: unknown) => caught,
  );
  stub.verify();
  return { error, stub, deltas };
}
