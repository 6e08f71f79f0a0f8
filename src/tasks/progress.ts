import { type AgentStep, STEP_STATUSES, type StepStatus } from "@aura-platform/contract/agent-step.ts";
import type { CreateTaskBody, TaskProgressBody } from "@aura-platform/contract/agent-tasks.ts";
import { type EventHandlers, handleEvent, type StoredEvent } from "@aura-platform/contract/events.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { CallOutcome, CallStatus } from "@aura-platform/contract/tool-calls.ts";
import { isStepOver } from "../records/plan-step.ts";
import { isTerminal, type RunRecord } from "../records/run.ts";
import { cutText, plainText } from "./text.ts";

/**
 * A run as an AgentTask tells it (docs/contract.md, section 5). Its description is what was asked and, while
 * it is worked on or when it has failed, at which step: at most 255 characters. Its progress comes from the
 * plan's steps, and 100 is for Main Service to say, when the task completes.
 */
export interface TaskView extends Required<TaskProgressBody>, Required<Pick<CreateTaskBody, "inputData">> {
  /** With the plan steps, again as JSON text. */
  resultData: Record<string, unknown>;
}

const PROMPT_CHARS = 200;
/** What a column of text takes where nobody has said how long it may be; DWP's own has no limit. */
const DESCRIPTION_CHARS = 255;
const ANSWER_CHARS = 4_000;
/** Calls that are told of, the last ones; a run may make hundreds. */
const MAX_CALLS = 100;

/** What is known of a run from the events so far. */
interface Gathered {
  steps: Map<string, AgentStep>;
  tools: Map<string, { tool: string; status: CallStatus | "waiting"; outcome?: CallOutcome }>;
  answer: { messageId: string; attempt: number; text: string };
}

/** What an event of each type adds. */
const GATHER: EventHandlers<void, [Gathered]> = {
  thought() {},
  plan_step(step, { steps }) {
    steps.set(step.id, step);
  },
  hitl({ toolCallId, actionType }, { tools }) {
    tools.set(toolCallId, { tool: actionType, status: "waiting" });
  },
  tool_execution({ toolCallId, tool, status, outcome }, { tools }) {
    tools.set(toolCallId, { tool, status, ...(outcome === undefined ? {} : { outcome }) });
  },
  content({ messageId, content, attempt = 1 }, gathered) {
    const { answer } = gathered;
    const goesOn = messageId === answer.messageId && attempt === answer.attempt;
    gathered.answer = { messageId, attempt, text: goesOn ? answer.text + content : content };
  },
  // How a run has failed, its record says.
  error() {},
};

/** A run stands at its first step of the lowest rank, and never at one that is completed. */
const RANKS: Readonly<Record<StepStatus, number>> = {
  in_progress: 1,
  failed: 2,
  pending: 3,
  completed: Infinity,
};
const PLACES = STEP_STATUSES.filter((status) => RANKS[status] < Infinity).toSorted(
  (a, b) => RANKS[a] - RANKS[b],
);

/** Gathers a run's task from its events. Feed it all of them, in order. */
export function createTaskView(run: RunRecord): { add(event: StoredEvent): void; view(): TaskView } {
  const { runId, threadId } = run;
  const prompt = plainText(run.prompt);
  const gathered: Gathered = {
    steps: new Map(),
    tools: new Map(),
    answer: { messageId: "", attempt: 0, text: "" },
  };

  return {
    add({ event }) {
      handleEvent(GATHER, event, gathered);
    },
    view() {
      const { steps, tools, answer } = gathered;
      const plan = [...steps.values()];
      const planSteps = JSON.stringify(plan);
      const calls = [...tools.values()];
      return {
        description: describe(prompt, plan, run),
        inputData: JSON.stringify({ prompt, threadId, runId }),
        progress: progressOf(plan),
        planSteps,
        resultData: {
          ...{ runId, threadId, answer: cutText(answer.text, ANSWER_CHARS) },
          tools: calls.slice(-MAX_CALLS),
          ...(calls.length > MAX_CALLS ? { toolsLeftOut: calls.length - MAX_CALLS } : {}),
          planSteps,
        },
      };
    },
  };
}

function describe(prompt: string, plan: readonly AgentStep[], { status }: RunRecord): string {
  const asked = cutText(prompt, PROMPT_CHARS);
  const at = placeOf(plan, status);
  if (at < 0) return asked;
  return cutText(`${asked} - ${at + 1}/${plan.length}: ${plan[at]?.title ?? ""}`, DESCRIPTION_CHARS);
}

/** Where the run stands in its plan, or has failed; -1 when that is nowhere, or behind it. */
function placeOf(plan: readonly AgentStep[], status: RunStatus): number {
  if (status === "completed") return -1;
  // A call that has failed is not where a run stands that goes on.
  const [at = -1] = PLACES.filter((wanted) => !isStepOver({ status: wanted }) || isTerminal(status))
    .map((wanted) => plan.findIndex((step) => step.status === wanted))
    .filter((found) => found >= 0);
  return at;
}

function progressOf(steps: readonly AgentStep[]): number {
  if (steps.length === 0) return 0;
  const over = steps.filter(isStepOver).length;
  return Math.min(99, Math.floor((over / steps.length) * 100));
}
