import type { AgentStep } from "@aura-platform/client/shapes.ts";
import type { StepStatus } from "@aura-platform/contract/agent-step.ts";
import { knownWord } from "./known-word.ts";
import type { Style } from "./terminal.ts";
import { harmlessLine } from "./text.ts";

const TICKS: Readonly<Record<StepStatus, { tick: string; style: Style }>> = Object.freeze({
  pending: { tick: "○", style: "dim" },
  in_progress: { tick: "◐", style: "yellow" },
  completed: { tick: "✔", style: "green" },
  failed: { tick: "✖", style: "red" },
});

/** A plan step as one row, and the style that says how far it is. */
export function stepRow({ status, title, result }: AgentStep): { text: string; style: Style } {
  const { tick, style } = knownWord(TICKS, status) ?? { tick: "?", style: "dim" };
  const outcome = result === undefined || result === "" ? "" : ` - ${harmlessLine(result)}`;
  return { text: `${tick} ${harmlessLine(title)}${outcome}`, style };
}
