import type { AuraApi, Decision } from "@aura-platform/client/api.ts";
import { type ClientFailure, ConnectionFailure, ServiceFailure } from "@aura-platform/client/failures.ts";
import type { Standing } from "@aura-platform/client/shapes.ts";
import type { Verdict } from "@aura-platform/contract/approvals.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { explain } from "./explain.ts";
import { CommandFailure } from "./failure.ts";
import { knownWord } from "./known-word.ts";
import { harmlessLine } from "./text.ts";
import { WORDS } from "./words.ts";

/** What an attempt to decide has come to. */
export interface Attempt {
  /** This attempt made the decision; otherwise another one stands. */
  decided: boolean;
  /** What stands is what was to be decided. */
  same: boolean;
  /** Null: decided before, and Main Service does not say how. */
  standing: Standing | null;
}

const DECIDED: Readonly<Record<Decision["verdict"], Verdict>> = Object.freeze({
  approve: "approved",
  reject: "rejected",
});

/**
 * Decides, at Main Service. Rejects with a ClientFailure: a ServiceFailure of status 404 when there is no
 * such approval, a CommandFailure when nobody knows whether the decision arrived. Where that is not known,
 * Main Service's record is asked for what stands; deciding again is safe, because the first decision wins.
 *
 * @param userId who decides
 */
export async function decide(
  api: Pick<AuraApi, "decide" | "approvalRecord">,
  userId: string,
  requestId: string,
  decision: Decision,
): Promise<Attempt> {
  const wanted = DECIDED[decision.verdict];
  // A look at what stands that fails changes nothing: the answer itself is told then.
  const onRecord = () => api.approvalRecord(requestId).catch(() => null);
  try {
    const { decided, standing } = await api.decide(requestId, decision);
    const stands = decided ? standing : ((await onRecord()) ?? standing);
    const same = isSame(stands, wanted);
    return { decided: decided && same, same, standing: stands };
  } catch (error) {
    if (!mayHaveArrived(error)) throw error;
    const standing = await onRecord();
    if (standing === null || !isDecided(standing)) throw notKnown(error);
    const same = isSame(standing, wanted);
    return { decided: same && (standing.approvedBy ?? standing.rejectedBy) === userId, same, standing };
  }
}

/** Whether it is too late to decide. */
export function isDecided({ status }: Standing): boolean {
  return status !== "pending";
}

/** What has expired or was given up stands as rejected at Main Service, but nobody has rejected it. */
function isSame(standing: Standing | null, wanted: Verdict): boolean {
  return standing?.status === wanted && knownWord(WORDS.en.ended, standing.outcome) === undefined;
}

/**
 * What stands, in a few words that are harmless: "approved by kim", "rejected by lee: not today", "expired",
 * "edited; req-2 has taken its place".
 */
export function standingText(
  { status, approvedBy, rejectedBy, reason, outcome, editedAs }: Standing,
  language: Language,
): string {
  const { ended, decided, editedAs: edited } = WORDS[language];
  if (outcome === "superseded" && editedAs != null) return edited(harmlessLine(editedAs));
  const without = knownWord(ended, outcome);
  if (without !== undefined) return without;
  const by = approvedBy ?? rejectedBy ?? null;
  return harmlessLine(`${decided(status, by)}${reason == null || reason === "" ? "" : `: ${reason}`}`);
}

/** Whether what was sent may have had its effect, although nothing good came back. */
export function mayHaveArrived(error: unknown): error is ServiceFailure | ConnectionFailure {
  if (error instanceof ServiceFailure) return error.status >= 500;
  return error instanceof ConnectionFailure && error.code !== "unreachable";
}

function notKnown(failure: ClientFailure): CommandFailure {
  const { message, exitCode } = explain(failure);
  const advice = "it is not known whether the decision arrived; deciding again is safe";
  return new CommandFailure(`${message} - ${advice}`, exitCode, failure);
}
