import type { AgentStep } from "@aura-platform/contract/agent-step.ts";
import { type EventData, type EventHandlers, handleEvent } from "@aura-platform/contract/events.ts";
import type { EventLog } from "../ports/event-log.ts";
import { isStepOver } from "../records/plan-step.ts";
import { eachEvent } from "./each-event.ts";

/** A tool call as a run's log has it. */
export interface ToldCall {
  tool: string;
  toolCallId: string;
  parameters: Record<string, unknown>;
  /** How it ended, if that was said. */
  end?: EventData<"tool_execution">;
  /** The last that was said is that it is asked about, or executing. */
  isOpen: boolean;
}

/** A message of the agent as a client has it. */
export interface Said {
  messageId: string;
  attempt: number;
  text: string;
}

/** What a run's log has told. */
export interface Told {
  /** By tool call id, in order. */
  calls: Map<string, ToldCall>;
  /** Steps of the plan that a client sees as open. */
  openSteps: AgentStep[];
  /** The last message. A later attempt of the same message replaces the earlier. */
  answer: Said | null;
  /** Whether the run's error has been told. */
  hasError: boolean;
}

/** Reads a whole log: for what happens once in a run's life. */
export async function readTold(log: Pick<EventLog, "read">, runId: string): Promise<Told> {
  const steps = new Map<string, AgentStep>();
  const told: Told = { calls: new Map(), openSteps: [], answer: null, hasError: false };
  const notes: EventHandlers<void> = {
    thought: () => {},
    plan_step: (step) => void steps.set(step.id, step),
    tool_execution: (execution) => noteExecution(told.calls, execution),
    hitl: ({ toolCallId, actionType: tool, context: parameters }) =>
      void told.calls.set(toolCallId, { tool, toolCallId, parameters, isOpen: true }),
    content: (delta) => {
      told.answer = append(told.answer, delta);
    },
    error: () => {
      told.hasError = true;
    },
  };
  await eachEvent(log, runId, (event) => handleEvent(notes, event));
  told.openSteps = [...steps.values()].filter((step) => !isStepOver(step));
  return told;
}

function noteExecution(calls: Told["calls"], execution: EventData<"tool_execution">): void {
  const { toolCallId, tool, parameters, status } = execution;
  const isOpen = status === "executing";
  const end = isOpen ? calls.get(toolCallId)?.end : execution;
  calls.set(toolCallId, { tool, toolCallId, parameters, isOpen, ...(end && { end }) });
}

function append(said: Said | null, delta: EventData<"content">): Said {
  const { messageId, content, attempt = 1 } = delta;
  const goesOn = said !== null && said.messageId === messageId && said.attempt === attempt;
  return { messageId, attempt, text: goesOn ? said.text + content : content };
}
