import type { RunnableConfig } from "@langchain/core/runnables";
import { getCheckpointId } from "@langchain/langgraph-checkpoint";
import { InvalidIdError } from "./errors.ts";

/** The part of a config that says which checkpoints are meant. */
interface Address {
  threadId: string | undefined;
  ns: string | undefined;
  checkpointId: string | undefined;
}

/** Reads and checks the ids of a config. Throws InvalidIdError. */
export function addressOf(config: RunnableConfig): Address {
  const { thread_id, checkpoint_ns } = config.configurable ?? {};
  return {
    threadId: optionalId("thread_id", thread_id),
    ns: checkpoint_ns === "" ? "" : optionalId("checkpoint_ns", checkpoint_ns),
    checkpointId: optionalId("checkpoint_id", getCheckpointId(config) || undefined),
  };
}

/** For what cannot do without a thread. */
export function requireThread(threadId: string | undefined): string {
  if (threadId === undefined) throw new InvalidIdError("the config names no thread_id");
  return threadId;
}

/** A thread_id, task id or checkpoint id: any text that UTF-8 can hold, but not the empty one. */
export function checkId(name: string, id: unknown): string {
  if (typeof id !== "string") throw new InvalidIdError(`${name} must be a string, not ${typeof id}`);
  if (id === "") throw new InvalidIdError(`${name} must not be empty`);
  return checkText(name, id);
}

/** Text that may be empty. Half of a surrogate pair would come back as another character. */
export function checkText(name: string, text: string): string {
  if (!text.isWellFormed()) throw new InvalidIdError(`${name} must be well-formed Unicode`);
  return text;
}

function optionalId(name: string, id: unknown): string | undefined {
  return id === undefined || id === null ? undefined : checkId(name, id);
}
