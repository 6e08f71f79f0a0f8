import { AuraError, ERRORS, type ErrorCode, errorCodeOf } from "../errors.ts";
import type { RunDeps } from "./deps.ts";
import { limitText, type RunLimit, RunLimitError } from "./limits.ts";
import type { RunRecord } from "./run.ts";
import { windUp } from "./wind-up.ts";

/** Ends the run with an error event whose text carries no internals; the log keeps the cause. False when others have it. */
export async function failRun(deps: RunDeps, run: RunRecord, error: unknown): Promise<boolean> {
  const limit = limitOf(deps, error);
  const errorCode = limit === null ? runErrorCode(deps, error) : LIMIT_CODES[limit];
  const message =
    limit === null ? ERRORS[errorCode][run.language] : limitText(limit, deps.limits, run.language);
  deps.logger.error({ err: error, errorCode, runId: run.runId, traceId: run.traceId }, "run failed");
  const failed = await deps.backend.threads.transition(
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

/** As a model that failed, or one that did not answer in time. */
const LIMIT_CODES: Readonly<Record<RunLimit, ErrorCode>> = Object.freeze({
  output: "E5000",
  events: "E5000",
  time: "E5001",
});

function limitOf(deps: RunDeps, error: unknown): RunLimit | null {
  if (error instanceof RunLimitError) return error.limit;
  return deps.agent.modelFailure(error) === "endless" ? "output" : null;
}

function runErrorCode(deps: RunDeps, error: unknown): ErrorCode {
  if (error instanceof AuraError) return errorCodeOf(error);
  const model = deps.agent.modelFailure(error);
  if (model === "timeout") return "E5001";
  return model === "failed" ? "E5000" : "E1000";
}
