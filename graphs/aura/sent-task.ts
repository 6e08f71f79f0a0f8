import { Send } from "@langchain/langgraph";
import { NODES } from "./nodes.ts";
import type { ToolTask } from "./tool-task.ts";

/** A ToolTask on its way to its node, and in checkpoints: the arguments are text. */
export type SentTask = Omit<ToolTask, "call"> & { call: { id: string; name: string; args: string } };

/**
 * One task for the tools node. Send looks through what it carries, also when a checkpoint is written or read,
 * and turns whatever looks like an object of LangGraph's (`{ node, args }`, `lg_name`) into one. A model's
 * arguments are data, so they travel as text.
 */
export function sendTask({ call, ...task }: ToolTask): Send<typeof NODES.tools, SentTask> {
  return new Send(NODES.tools, { ...task, call: { ...call, args: JSON.stringify(call.args) } });
}

/** Undoes sendTask. In older checkpoints the arguments are an object. */
export function receivedTask(sent: SentTask | ToolTask): ToolTask {
  const { call, ...task } = sent;
  const { args, ...named } = call;
  return { ...task, call: { ...named, args: typeof args === "string" ? JSON.parse(args) : args } };
}
