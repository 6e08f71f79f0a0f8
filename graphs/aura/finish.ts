import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { languageOfRun } from "../state/language.ts";
import type { GraphLimits } from "../state/limits.ts";
import { emitter, type State } from "../state/state.ts";
import { TEXTS } from "../state/texts.ts";
import { closingSteps } from "./steps.ts";

/** The last node of a run: no step stays open. */
export function finishNode({ maxTurns }: GraphLimits) {
  return (state: State, config: LangGraphRunnableConfig) => {
    const emit = emitter(config);
    const { skipped, stopped } = TEXTS[languageOfRun(state)];
    const steps = closingSteps(state.steps, { skipped, stopped: state.turns > maxTurns ? stopped : null });
    for (const step of steps) emit({ type: "plan_step", step });
    return { steps };
  };
}
