import type { AgentStep, CallOutcome, StoredEvent } from "../runs/event.ts";
import type { RunRecord } from "../runs/run.ts";

/** A run as an AgentTask tells it (contract, section 5). */
export interface TaskView {
  description: string;
  inputData: Record<string, unknown>;
  /** 0-100, from the plan's steps; 100 is for Main Service to say, when the task completes. */
  progress: number;
  /** AgentStep[] as JSON text. */
  planSteps: string;
  resultData: Record<string, unknown>;
}

const DESCRIPTION_CHARS = 200;
const ANSWER_CHARS = 4_000;

/** Gathers a run's task from its events. Feed it all of them, in order. */
export function createTaskView(run: RunRecord): { add(event: StoredEvent): void; view(): TaskView } {
  const { runId, threadId, prompt } = run;
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
      return {
        description: cut(prompt, DESCRIPTION_CHARS),
        inputData: { prompt, threadId, runId },
        progress: progressOf(plan),
        planSteps: JSON.stringify(plan),
        resultData: {
          ...{ runId, threadId, answer: cut(answer.text, ANSWER_CHARS) },
          tools: [...tools.values()],
        },
      };
    },
  };
}

function progressOf(steps: readonly AgentStep[]): number {
  if (steps.length === 0) return 0;
  const over = steps.filter(({ status }) => status === "completed" || status === "failed").length;
  return Math.min(99, Math.floor((over / steps.length) * 100));
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
