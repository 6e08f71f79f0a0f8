import { proposedArguments, standing } from "../approvals/edits.ts";
import type { LastWord, OpenCall } from "../ports/agent-graph.ts";
import type { Conclusion, EffectLedger } from "../ports/effect-ledger.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import { readOutcome } from "../records/effect-outcome.ts";
import type { RunRecord } from "../records/run.ts";
import type { Told, ToldCall } from "./told.ts";

/**
 * How long an effect that is under way in this process may take to end before its outcome counts as unknown.
 */
export const EFFECT_PATIENCE_MS = 5_000;

/** A call of a run that is over, and what is said of it in the end. */
export interface ConcludedCall {
  call: Omit<OpenCall, "taskId">;
  word: LastWord;
  /** A client has not been told yet. */
  isNews: boolean;
  /** The checkpoint has no answer to it. */
  isOpen: boolean;
}

/** All that is known of a run's calls. */
export interface CallSources {
  run: RunRecord;
  told: Told;
  /** The checkpoint's calls without an answer. */
  open: readonly OpenCall[];
  /** The run's, in the order of their opening. */
  approvals: readonly ApprovalRecord[];
}

/**
 * How each call of a run ended, for the calls that have not been told of to their end and those that have no
 * answer in the checkpoint. The ledger decides, because what it concludes stays true. What a client has been
 * told already is kept. Why a call never began is taken from its approval.
 */
export async function lastWords(
  ledger: Pick<EffectLedger, "conclude">,
  sources: CallSources,
): Promise<ConcludedCall[]> {
  const { run, told, open } = sources;
  const approvals = standing(sources.approvals);
  const calls = new Map<string, { call: Omit<OpenCall, "taskId">; taskId?: string }>();
  for (const call of told.calls.values()) if (call.isOpen) calls.set(call.toolCallId, { call: toCall(call) });
  for (const { taskId, toolCallId, actionType: tool, context: args } of approvals) {
    const isTold = told.calls.get(toolCallId)?.isOpen === false;
    if (!isTold) calls.set(toolCallId, { call: { toolCallId, tool, args }, taskId });
  }
  for (const { taskId, ...call } of open) calls.set(call.toolCallId, { call, taskId });
  // The checkpoint has the calls as the model has made them.
  for (const approval of approvals) {
    const known = calls.get(approval.toolCallId);
    const proposed = proposedArguments(approval, sources.approvals);
    if (known !== undefined && proposed !== undefined)
      calls.set(approval.toolCallId, { ...known, call: { ...known.call, args: approval.context, proposed } });
  }
  const decided = new Map(approvals.map((approval) => [approval.toolCallId, approval]));
  const isOpen = new Set(open.map(({ toolCallId }) => toolCallId));
  return Promise.all(
    [...calls.values()].map(async ({ call, taskId }): Promise<ConcludedCall> => {
      const { toolCallId } = call;
      const key = { threadId: run.threadId, toolCallId };
      const standing = taskId === undefined ? null : await ledger.conclude({ ...key, taskId });
      const said = told.calls.get(toolCallId);
      const word = wordOf(standing, said, decided.get(toolCallId));
      return { call, word, isNews: said?.isOpen !== false, isOpen: isOpen.has(toolCallId) };
    }),
  );
}

function wordOf(
  standing: Conclusion | null,
  said: ToldCall | undefined,
  approval: ApprovalRecord | undefined,
): LastWord {
  if (standing?.state === "done") return readOutcome(standing.outcome);
  const end = said?.end;
  if (end?.status === "completed") return { outcome: "completed", result: end.result };
  // With no place in the ledger (the checkpoint cannot be read), what was told is all that is known.
  if (standing === null) return end === undefined ? { outcome: "unknown" } : asTold(end);
  if (standing.as === "unknown") return { outcome: "unknown" };
  // The approval has the reason of a refusal; what a client was told may be worded differently.
  const isRefused = approval?.status === "rejected" || approval?.status === "expired";
  if (end === undefined || isRefused) return notExecuted(approval);
  return { outcome: "not_executed", problem: String(end.result) };
}

function asTold({ outcome, result }: NonNullable<ToldCall["end"]>): LastWord {
  const problem = String(result);
  if (outcome === "not_executed") return { outcome, problem };
  return { outcome: outcome === "failed" ? outcome : "unknown", problem };
}

function notExecuted(approval: ApprovalRecord | undefined): LastWord {
  const { status, reason } = approval ?? { status: "approved" };
  switch (status) {
    case "rejected":
    case "expired":
      return { outcome: "not_executed", status, ...(reason === undefined ? {} : { reason }) };
    case "superseded":
      return { outcome: "not_executed", status };
    case "pending":
    case "cancelled":
      return { outcome: "not_executed", status: "cancelled" };
    case "approved":
      return { outcome: "not_executed", status: "stopped" };
  }
}

function toCall({ toolCallId, tool, parameters: args }: ToldCall): Omit<OpenCall, "taskId"> {
  return { toolCallId, tool, args };
}
