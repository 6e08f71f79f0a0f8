import { AuraError, ERRORS, type ErrorCode, errorCodeOf } from "../errors.ts";
import type { RunDeps } from "./deps.ts";
import type { RunRecord } from "./run.ts";
import { windUp } from "./wind-up.ts";

/** Ends the run with an error event whose text carries no internals; the log keeps the cause. False when others have it. */
export async function failRun(deps: RunDeps, run: RunRecord, error: unknown): Promise<boolean> {
  const errorCode = runErrorCode(deps, error);
  const message = ERRORS[errorCode][run.language];
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

function runErrorCode(deps: RunDeps, error: unknown): ErrorCode {
  if (error instanceof AuraError) return errorCodeOf(error);
  const model = deps.agent.modelFailure(error);
  if (model === "timeout") return "E5001";
  return model === "failed" ? "E5000" : "E1000";
}
