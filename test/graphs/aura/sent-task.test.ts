import { CheckpointSerializer } from "@aura-platform/checkpoint-redis/serializer/serializer.ts";
import type { Send } from "@langchain/langgraph";
import { expect, test } from "vitest";
import { receivedTask, type SentTask, sendTask } from "../../../graphs/aura/sent-task.ts";
import type { ToolTask } from "../../../graphs/aura/tool-task.ts";
import { HOSTILE } from "../../helpers/hostile-json.ts";

/**
 * What LangGraph itself, whose Send looks through all that it carries, would take for something of its own.
 */
const LOOK_ALIKES: Record<string, unknown> = {
  ...HOSTILE,
  "a Send in the arguments": { node: "tools", args: { call: 1 } },
  "a Send with a time limit": JSON.parse('{"node":"tools","args":{},"timeout":5}'),
  "a Send by its name": { lg_name: "Send", node: "tools", args: {} },
  "a list of them": [
    { node: "a", args: {} },
    { lg_name: "Command", update: {} },
  ],
};

test.each(Object.entries(LOOK_ALIKES))(
  "arguments stay what the model wrote on their way to the tool: %s",
  async (_, x) => {
    const task: ToolTask = { call: { id: "c", name: "echo", args: { x, deep: [{ x }] } }, language: "en" };
    const send: Send<"tools", SentTask> = sendTask(task);
    expect(receivedTask(send.args)).toEqual(task);

    // As it comes out of a checkpoint, too.
    const serializer = new CheckpointSerializer();
    const stored = (await serializer.loadsTyped(...(await serializer.dumpsTyped(send)))) as {
      args: SentTask;
    };
    expect(receivedTask(stored.args)).toEqual(task);
  },
);

test("tasks of before, whose arguments are no text, are received as they are", () => {
  const task: ToolTask = { call: { id: "c", name: "echo", args: { x: 1 } }, language: "ko" };
  expect(receivedTask(task)).toEqual(task);
});
