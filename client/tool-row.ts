import type { Style } from "./terminal.ts";
import { harmlessLine, oneLine } from "./text.ts";
import { type Language, WORDS } from "./words.ts";

/** What is told of a tool call: that it begins, or its last word. */
export interface ToolNews {
  tool: string;
  parameters: Record<string, unknown>;
  status: string;
  result?: unknown;
  /** What is known of its effect; older services do not say it. */
  outcome?: unknown;
}

/**
 * A tool call as one row. The last word is the outcome where there is one: a call that "failed" may have had
 * its effect, or never have begun. What this version does not know is shown as it was said, and never as a
 * success.
 */
export function toolRow(news: ToolNews, language: Language): [text: string, style: Style] {
  const tool = harmlessLine(news.tool);
  if (news.status === "executing") return [`→ ${tool} ${oneLine(news.parameters)}`, "cyan"];
  const said = news.outcome ?? news.status;
  const result = oneLine(news.result);
  if (said === "completed") return [`✔ ${tool}: ${result}`, "green"];
  if (said === "failed") return [`✖ ${tool}: ${result}`, "red"];
  const { outcomes } = WORDS[language];
  const known = typeof said === "string" && Object.hasOwn(outcomes, said) ? outcomes[said] : undefined;
  return [`${said === "not_executed" ? "⊘" : "?"} ${tool} (${known ?? oneLine(said)}): ${result}`, "yellow"];
}
