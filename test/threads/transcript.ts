import type { WireEvent } from "@aura-platform/contract/events.ts";

/** A run's events as lines that a person can compare: no times, no ids that are new every time, the text of a message in one piece. */
export function transcript(events: readonly WireEvent[]): string[] {
  const lines: { key: string; text: string }[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    if (event.type === "content") {
      const key = `content ${event.data.messageId}`;
      if (last?.key === key) last.text += event.data.content;
      else lines.push({ key, text: `content: ${event.data.content}` });
    } else lines.push({ key: "", text: describe(event) });
  }
  return lines.map(({ text }) => text);
}

function describe(event: Exclude<WireEvent, { type: "content" }>): string {
  switch (event.type) {
    case "thought":
      return `thought: ${event.data.content}`;
    case "plan_step": {
      const { id, status, title, description, confidence, result } = event.data;
      return `plan ${id} ${status}: ${title} - ${description} (${confidence})${result ? ` = ${result}` : ""}`;
    }
    case "hitl": {
      const { actionType, message, context } = event.data;
      return `hitl ${actionType}: ${message} ${JSON.stringify(context)}`;
    }
    case "tool_execution": {
      const { tool, status, parameters, result } = event.data;
      return `tool ${tool} ${status}: ${JSON.stringify(parameters)} = ${JSON.stringify(result)}`;
    }
    case "error":
      return `error ${event.data.errorCode}: ${event.data.message}`;
  }
}
