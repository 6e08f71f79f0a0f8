import type { EventLog } from "../ports/event-log.ts";
import type { AgentStep, WireEvent } from "../records/event.ts";
import { eachEvent } from "./each-event.ts";

type ToolEvent = Extract<WireEvent, { type: "tool_execution" }>["data"];

/** A tool call as a run's log has it. */
export interface ToldCall {
  tool: string;
  toolCallId: string;
  parameters: Record<string, unknown>;
  /** How it ended, if that was said. */
  end?: ToolEvent;
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
  await eachEvent(log, runId, (event) => {
    if (event.type === "plan_step") steps.set(event.data.id, event.data);
    if (event.type === "content") told.answer = append(told.answer, event.data);
    if (event.type === "error") told.hasError = true;
    noteCall(told.calls, event);
  });
  told.openSteps = [...steps.values()].filter(
    ({ status }) => status === "pending" || status === "in_progress",
  );
  return told;
}

function noteCall(calls: Told["calls"], event: WireEvent): void {
  if (event.type === "hitl") {
    const { toolCallId, actionType: tool, context: parameters } = event.data;
    calls.set(toolCallId, { tool, toolCallId, parameters, isOpen: true });
  }
  if (event.type === "tool_execution") {
    const { toolCallId, tool, parameters, status } = event.data;
    const isOpen = status === "executing";
    const end = isOpen ? calls.get(toolCallId)?.end : event.data;
    calls.set(toolCallId, { tool, toolCallId, parameters, isOpen, ...(end && { end }) });
  }
}

function append(said: Said | null, delta: { messageId: string; content: string; attempt?: number }): Said {
  const { messageId, content, attempt = 1 } = delta;
  const goesOn = said !== null && said.messageId === messageId && said.attempt === attempt;
  return { messageId, attempt, text: goesOn ? said.text + content : content };
}
