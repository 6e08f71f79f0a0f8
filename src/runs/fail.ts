import { ERRORS, type ErrorCode } from "@aura-platform/contract/errors.ts";
import { errorCodeOf } from "../errors.ts";
import type { Agent } from "../ports/agent-graph.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { RunRecord } from "../records/run.ts";
import { limitText, type RunLimit, RunLimitError, type RunLimits } from "./limits.ts";
import { modelFailureText } from "./model-failure.ts";
import { type WindUpDeps, windUp } from "./wind-up.ts";

interface ToldDeps {
  agent: Pick<Agent, "modelFailure">;
  limits: RunLimits;
}

export type FailDeps = WindUpDeps & ToldDeps & PortsOf<{ threads: "transition" }>;

/**
 * Ends the run with an error event whose text carries no internals; the log keeps the cause. False when
 * others have the run.
 */
export async function failRun(deps: FailDeps, run: RunRecord, error: unknown): Promise<boolean> {
  const { errorCode, message } = toldOf(deps, run, error);
  deps.logger.error({ err: error, errorCode, runId: run.runId, traceId: run.traceId }, "run failed");
  const failed = await deps.threads.transition(
    run.runId,
    ["running"],
    "failed",
    deps.now(),
    { error: { errorCode, message } },
    run.attempt,
  );
  if (failed !== null) await windUp(deps, failed, "cancelled");
  return failed !== null;
}

/** A limit is told like a model that has failed, or has not answered in time. */
const LIMIT_CODES: Readonly<Record<RunLimit, ErrorCode>> = Object.freeze({
  output: "E5000",
  events: "E5000",
  time: "E5001",
});

/** What the user is told: a code of the contract, and why in words. */
function toldOf(
  { agent, limits }: ToldDeps,
  { language }: RunRecord,
  error: unknown,
): { errorCode: ErrorCode; message: string } {
  const failure = agent.modelFailure(error);
  const limit = error instanceof RunLimitError ? error.limit : failure === "endless" ? "output" : null;
  if (limit !== null) return { errorCode: LIMIT_CODES[limit], message: limitText(limit, limits, language) };
  if (failure !== null && failure !== "endless") return modelFailureText(failure, language);
  const errorCode = errorCodeOf(error);
  return { errorCode, message: ERRORS[errorCode][language] };
}
