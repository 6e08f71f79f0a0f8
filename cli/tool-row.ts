import type { DrawableData } from "@aura-platform/client/events.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { CallOutcome } from "@aura-platform/contract/tool-calls.ts";
import { knownWord } from "./known-word.ts";
import type { Style } from "./terminal.ts";
import { harmlessLine, oneLine } from "./text.ts";
import { WORDS } from "./words.ts";

/** What is told of a tool call: that it begins, or its last word. Older services do not say the outcome. */
type ToolNews = DrawableData<"tool_execution">;

/**
 * A tick says everything of a call, and a cross that it has failed; of what else there is, words say more.
 */
const SIGNS: Readonly<Record<CallOutcome, { sign: string; style: Style }>> = Object.freeze({
  completed: { sign: "✔", style: "green" },
  failed: { sign: "✖", style: "red" },
  not_executed: { sign: "⊘", style: "yellow" },
  unknown: { sign: "?", style: "yellow" },
});

type Row = [text: string, style: Style];

/** A tool call as a row; where a person has changed its arguments, a second one has what was proposed. */
export function toolRows(news: ToolNews, language: Language): Row[] {
  const row = toolRow(news, language);
  if (news.proposed == null || news.status !== "executing") return [row];
  return [row, [`  ${WORDS[language].proposed}: ${oneLine(news.proposed)}`, "dim"]];
}

/**
 * The last word is the outcome where there is one: a call that "failed" may have had its effect, or never
 * have begun. What this version does not know is shown as it was said, and never as a success.
 */
function toolRow(news: ToolNews, language: Language): Row {
  const { outcomes, edited } = WORDS[language];
  const tool = harmlessLine(news.tool);
  const also = news.proposed == null ? [] : [edited];
  const named = (signs: string[]) => (signs.length === 0 ? tool : `${tool} (${signs.join(", ")})`);
  if (news.status === "executing") return [`→ ${named(also)} ${oneLine(news.parameters)}`, "cyan"];
  const said = news.outcome ?? news.status;
  const { sign, style } = knownWord(SIGNS, said) ?? SIGNS.unknown;
  const words = said === "completed" || said === "failed" ? [] : [knownWord(outcomes, said) ?? oneLine(said)];
  return [`${sign} ${named([...also, ...words])}: ${oneLine(news.result)}`, style];
}
