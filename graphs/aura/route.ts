import { AIMessage, ToolMessage } from "@langchain/core/messages";
import type { Send } from "@langchain/langgraph";
import { droppedOf } from "../model/saved-answer.ts";
import { languageOfRun } from "../state/language.ts";
import type { GraphLimits } from "../state/limits.ts";
import type { State } from "../state/state.ts";
import { NODES } from "./nodes.ts";
import { type SentTask, sendTask } from "./sent-task.ts";
import { assignSteps } from "./steps.ts";
import { approvalOf, type CheckOptions, type ToolTask } from "./tool-task.ts";

type Call = { id: string; name: string; args: Record<string, unknown>; at: number };

/**
 * After a turn: one task per tool call, or the end. With `oneAtATime` at most one of them asks for an
 * approval. The others follow when it is answered: the graph comes back through the agent node, which then
 * asks no model.
 */
export function routeTo(options: CheckOptions, limits: GraphLimits, oneAtATime: boolean) {
  return (state: State): typeof NODES.finish | Send<typeof NODES.tools, SentTask>[] => {
    const open = openCallsOf(state);
    if (open === null) return NODES.finish;
    const tasks = tasksOf(open, state, options, limits);
    return (oneAtATime ? withOneQuestion(tasks) : tasks).map(sendTask);
  };
}

/** Whether calls of the last turn have to be carried out before the model is asked again. */
export function hasOpenCalls(state: State): boolean {
  return openCallsOf(state) !== null;
}

interface OpenCalls {
  message: AIMessage;
  calls: Call[];
}

/** The calls of the last turn that have no answer, when nothing but answers has come after it. */
function openCallsOf({ messages }: State): OpenCalls | null {
  const at = messages.findLastIndex((each) => !ToolMessage.isInstance(each));
  const message = messages[at];
  if (!AIMessage.isInstance(message)) return null;
  const answered = new Set(
    messages.slice(at + 1).map((each) => (ToolMessage.isInstance(each) ? each.tool_call_id : null)),
  );
  const calls = (message.tool_calls ?? []).flatMap(({ id = "", name, args }, place) =>
    answered.has(id) ? [] : [{ id, name, args, at: place }],
  );
  return calls.length === 0 ? null : { message, calls };
}

function tasksOf(
  { message, calls }: OpenCalls,
  state: State,
  options: CheckOptions,
  limits: GraphLimits,
): ToolTask[] {
  const language = languageOfRun(state);
  const steps = assignSteps(calls, state.steps);
  const invalid = new Map(message.invalid_tool_calls?.map((call) => [call.id, call]));
  return calls.map(({ at, ...call }, index) => {
    const malformed = invalid.get(call.id);
    const step = steps[index];
    const task: ToolTask = {
      call,
      language,
      ...(step === undefined ? {} : { step }),
      ...(malformed === undefined ? {} : { malformed: `${malformed.error}: ${malformed.args}` }),
      ...(at < limits.maxCalls ? {} : { excess: { most: limits.maxCalls, dropped: droppedOf(message) } }),
    };
    return { ...task, ...approvalOf(task, options) };
  });
}

/** The calls that need no approval, and the first one that does. */
function withOneQuestion(tasks: readonly ToolTask[]): ToolTask[] {
  const asks = ({ asks, unshowable }: ToolTask) => asks === true && unshowable !== true;
  const first = tasks.find(asks);
  return tasks.filter((task) => task === first || !asks(task));
}
