import type { Language } from "@aura-platform/contract/languages.ts";
import type { Style } from "./terminal.ts";
import { harmlessLine, oneLine } from "./text.ts";
import { WORDS } from "./words.ts";

/** What is told of a tool call: that it begins, or its last word. */
export interface ToolNews {
  tool: string;
  parameters: Record<string, unknown>;
  status: string;
  result?: unknown;
  /** What is known of its effect; older services do not say it. */
  outcome?: unknown;
  /** What the model had asked for, where a person has changed it. */
  proposed?: unknown;
}

type Row = [text: string, style: Style];

/** A tool call as a row; where a person has changed its arguments, a second one has what was proposed. */
export function toolRows(news: ToolNews, language: Language): Row[] {
  const row = toolRow(news, language);
  if (news.proposed == null || news.status !== "executing") return [row];
  return [row, [`  ${WORDS[language].proposed}: ${oneLine(news.proposed)}`, "dim"]];
}

/**
 * The last word is the outcome where there is one: a call that "failed" may have had its effect, or never have
 * begun. What this version does not know is shown as it was said, and never as a success.
 */
function toolRow(news: ToolNews, language: Language): Row {
  const { outcomes, edited } = WORDS[language];
  const tool = harmlessLine(news.tool);
  const also = news.proposed == null ? [] : [edited];
  const named = (signs: string[]) => (signs.length === 0 ? tool : `${tool} (${signs.join(", ")})`);
  if (news.status === "executing") return [`→ ${named(also)} ${oneLine(news.parameters)}`, "cyan"];
  const said = news.outcome ?? news.status;
  const result = oneLine(news.result);
  if (said === "completed") return [`✔ ${named(also)}: ${result}`, "green"];
  if (said === "failed") return [`✖ ${named(also)}: ${result}`, "red"];
  const known = typeof said === "string" && Object.hasOwn(outcomes, said) ? outcomes[said] : undefined;
  const sign = said === "not_executed" ? "⊘" : "?";
  return [`${sign} ${named([...also, known ?? oneLine(said)])}: ${result}`, "yellow"];
}
