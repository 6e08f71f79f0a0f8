import type { Settlement, Verdict } from "@aura-platform/contract/approvals.ts";
import type { HitlRequest, PublishedRequest } from "@aura-platform/contract/hitl.ts";

/** The mark of what we have written into `hitl:request` ourselves. */
const SETTLED_BY = "aura" satisfies HitlRequest["settledBy"];

/** Main Service counts nothing else as decided: it would approve an `expired` request with 200. */
export function statusForMain(outcome: unknown): Verdict {
  return outcome === "approved" ? "approved" : "rejected";
}

/** What a late approver reads at Main Service, in both languages. */
const REASONS: Readonly<Record<Exclude<Settlement, Verdict>, string>> = Object.freeze({
  expired: "승인 기한이 지나 실행되지 않았습니다. (The approval has expired; nothing was carried out.)",
  superseded:
    "새 메시지가 들어와 이 승인 요청은 무효가 되었습니다. (A newer message took the place of this approval.)",
  cancelled:
    "실행이 취소되었거나 끝나 이 승인 요청은 무효가 되었습니다. (The run was cancelled or is over, so this approval is void.)",
});

/** The same of an approval that was edited: it names the one that has to be approved instead. */
const editedReason = (editedAs: string) =>
  `내용이 수정되어 새 승인 요청(${editedAs})으로 바뀌었습니다. (The arguments were edited: approve ${editedAs} instead.)`;

/**
 * Whether `hitl:request` holds our own word, which is no decision of Main Service. That one keeps fields it
 * does not know when it rewrites a request, so the mark alone proves nothing: Main Service always says who
 * decided and when, and we never do.
 */
export function isOurWord(word: PublishedRequest): boolean {
  if (word.settledBy !== SETTLED_BY || word.status !== statusForMain(word.outcome)) return false;
  return [word.approvedBy, word.approvedAt, word.rejectedBy, word.rejectedAt].every((said) => said == null);
}

/**
 * The fields that tell Main Service how an approval was settled here. Undefined ones are to be taken out of
 * what is there.
 */
export function ourWord({ status, reason, editedAs }: OurSettlement) {
  const ours = () => {
    if (status === "approved" || status === "rejected") return reason;
    return editedAs === undefined ? REASONS[status] : editedReason(editedAs);
  };
  return {
    status: statusForMain(status),
    reason: ours(),
    settledBy: SETTLED_BY,
    outcome: status,
    editedAs,
    approvedBy: undefined,
    approvedAt: undefined,
    rejectedBy: undefined,
    rejectedAt: undefined,
  };
}

export interface OurSettlement {
  status: Settlement;
  reason?: string;
  editedAs?: string;
}
