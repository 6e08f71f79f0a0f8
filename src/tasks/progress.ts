import type { AgentStep, CallOutcome, StoredEvent } from "../records/event.ts";
import { isTerminal, type RunRecord } from "../records/run.ts";
import { cutText, plainText } from "./text.ts";

/** A run as an AgentTask tells it (docs/contract.md, section 5). */
export interface TaskView {
  /**
   * What was asked and, while it is worked on or when it has failed, at which step: at most 255 characters.
   */
  description: string;
  /** JSON text. */
  inputData: string;
  /** 0-100, from the plan's steps; 100 is for Main Service to say, when the task completes. */
  progress: number;
  /** AgentStep[] as JSON text. */
  planSteps: string;
  /** With the plan steps, again as JSON text. */
  resultData: Record<string, unknown>;
}

const PROMPT_CHARS = 200;
/** What a column of text takes where nobody has said how long it may be; DWP's own has no limit. */
const DESCRIPTION_CHARS = 255;
const ANSWER_CHARS = 4_000;
/** Calls that are told of, the last ones; a run may make hundreds. */
const MAX_CALLS = 100;

/** Gathers a run's task from its events. Feed it all of them, in order. */
export function createTaskView(run: RunRecord): { add(event: StoredEvent): void; view(): TaskView } {
  const { runId, threadId } = run;
  const prompt = plainText(run.prompt);
  const steps = new Map<string, AgentStep>();
  const tools = new Map<string, { tool: string; status: string; outcome?: CallOutcome }>();
  let answer = { messageId: "", attempt: 0, text: "" };

  return {
    add({ event }) {
      if (event.type === "plan_step") steps.set(event.data.id, event.data);
      if (event.type === "hitl") {
        tools.set(event.data.toolCallId, { tool: event.data.actionType, status: "waiting" });
      }
      if (event.type === "tool_execution") {
        const { toolCallId, tool, status, outcome } = event.data;
        tools.set(toolCallId, { tool, status, ...(outcome === undefined ? {} : { outcome }) });
      }
      if (event.type === "content") {
        const { messageId, content, attempt = 1 } = event.data;
        const goesOn = messageId === answer.messageId && attempt === answer.attempt;
        answer = { messageId, attempt, text: goesOn ? answer.text + content : content };
      }
    },
    view() {
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
function placeOf(plan: readonly AgentStep[], status: RunRecord["status"]): number {
  if (status === "completed") return -1;
  const [at = -1] = (["in_progress", "failed", "pending"] as const)
    // A call that has failed is not where a run stands that goes on.
    .filter((wanted) => wanted !== "failed" || isTerminal(status))
    .map((wanted) => plan.findIndex((step) => step.status === wanted))
    .filter((found) => found >= 0);
  return at;
}

function progressOf(steps: readonly AgentStep[]): number {
  if (steps.length === 0) return 0;
  const over = steps.filter(({ status }) => status === "completed" || status === "failed").length;
  return Math.min(99, Math.floor((over / steps.length) * 100));
}
