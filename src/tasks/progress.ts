import { type AgentStep, STEP_STATUSES, type StepStatus } from "@aura-platform/contract/agent-step.ts";
import type { CreateTaskBody, TaskProgressBody } from "@aura-platform/contract/agent-tasks.ts";
import type { EventData, EventOf, EventType, StoredEvent } from "@aura-platform/contract/events.ts";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import type { CallOutcome, CallStatus } from "@aura-platform/contract/tool-calls.ts";
import { isTerminal, type RunRecord } from "../records/run.ts";
import { cutText, plainText } from "./text.ts";

/**
 * A run as an AgentTask tells it (contract, section 5). Its description is what was asked and, while it is
 * worked on or when it has failed, at which step: at most 255 characters. Its progress comes from the plan's
 * steps, and 100 is for Main Service to say, when the task completes.
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
const GATHER: { readonly [T in EventType]: (gathered: Gathered, data: EventData<T>) => void } = {
  thought() {},
  plan_step({ steps }, step) {
    steps.set(step.id, step);
  },
  hitl({ tools }, { toolCallId, actionType }) {
    tools.set(toolCallId, { tool: actionType, status: "waiting" });
  },
  tool_execution({ tools }, { toolCallId, tool, status, outcome }) {
    tools.set(toolCallId, { tool, status, ...(outcome === undefined ? {} : { outcome }) });
  },
  content(gathered, { messageId, content, attempt = 1 }) {
    const { answer } = gathered;
    const goesOn = messageId === answer.messageId && attempt === answer.attempt;
    gathered.answer = { messageId, attempt, text: goesOn ? answer.text + content : content };
  },
  error() {},
};

interface StepMeaning {
  isOver: boolean;
  /** A run stands at the first step of the lowest rank; null: at none of these. */
  rank: number | null;
}

const STEPS: Readonly<Record<StepStatus, StepMeaning>> = {
  in_progress: { isOver: false, rank: 1 },
  failed: { isOver: true, rank: 2 },
  pending: { isOver: false, rank: 3 },
  completed: { isOver: true, rank: null },
};
/** Where a run may stand, the likeliest first. */
const PLACES = STEP_STATUSES.filter((status) => STEPS[status].rank !== null).toSorted(
  (a, b) => (STEPS[a].rank ?? 0) - (STEPS[b].rank ?? 0),
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
      gather(gathered, event);
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

function gather<T extends EventType>(gathered: Gathered, { type, data }: EventOf<T>): void {
  GATHER[type](gathered, data);
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
  const [at = -1] = PLACES.filter((wanted) => !STEPS[wanted].isOver || isTerminal(status))
    .map((wanted) => plan.findIndex((step) => step.status === wanted))
    .filter((found) => found >= 0);
  return at;
}

function progressOf(steps: readonly AgentStep[]): number {
  if (steps.length === 0) return 0;
  const over = steps.filter(({ status }) => STEPS[status].isOver).length;
  return Math.min(99, Math.floor((over / steps.length) * 100));
}
