/** What a person reads in: the language that the service's own sentences are asked for in. */
export type Language = "ko" | "en";

/**
 * The words between the service's sentences where a run is drawn, in the language of those sentences
 * (decision 14).
 */
interface Words {
  approval: string;
  /** The answer is streamed a second time. */
  again: string;
  /** An event of a later version. */
  cannotShow(type: string): string;
  /** What is known of a call's effect, beside `completed` and `failed`, whose ticks say everything. */
  outcomes: Readonly<Record<string, string>>;
  /** What a decision says, and who made it. */
  decided(status: string, by: string | null): string;
  /** A question: for the decision, once more after another answer, for the reason of a rejection. */
  asked: {
    decision(what: string): string;
    again(what: string): string;
    reason(what: string): string;
  };
  /**
   * What is told of an approval: this person's decision, another one that stands, a question that is taken
   * back.
   */
  told: {
    decided(what: string, standing: string): string;
    stands(what: string, standing: string): string;
    standsUnsaid(what: string): string;
    withdrawn(what: string, standing: string): string;
    withdrawnUnsaid(what: string): string;
    over(what: string): string;
    cannotAsk(what: string, problem: string): string;
    failed(problem: string): string;
    later(what: string): string;
  };
  /** Approvals that ended without a person's decision. */
  ended: Readonly<Record<string, string>>;
}

export const WORDS: Readonly<Record<Language, Words>> = Object.freeze({
  ko: {
    approval: "승인 요청",
    again: "(서비스가 다시 시작되어 답변을 처음부터 다시 보냅니다)",
    cannotShow: (type) => `(${type}: 여기에 표시할 수 없습니다. --json을 보세요)`,
    outcomes: Object.freeze({ not_executed: "실행되지 않음", unknown: "결과를 알 수 없음" }),
    decided(status, by) {
      const who = by === null ? "" : `${by} 님이 `;
      return status === "approved"
        ? `${who}승인함`
        : status === "rejected"
          ? `${who}거절함`
          : `${who}${status}`;
    },
    asked: {
      decision: (what) => `${what}: 승인(a), 거절(r), 나중에(l)?`,
      again: (what) => `a(승인), r(거절), l(나중에) 중에서 입력해 주세요. ${what}`,
      reason: (what) => `${what} 거절: 사유를 입력해 주세요 (없으면 Enter).`,
    },
    told: {
      decided: (what, standing) => `${what}: ${standing}`,
      stands: (what, standing) => `${what}: 이미 처리되어 이 결정은 반영되지 않았습니다. ${standing}`,
      standsUnsaid: (what) => `${what}: 이미 처리되어 이 결정은 반영되지 않았습니다.`,
      withdrawn: (what, standing) => `질문을 거둡니다. ${what}: ${standing}`,
      withdrawnUnsaid: (what) => `질문을 거둡니다. ${what}: 더 이상 승인을 기다리지 않습니다.`,
      over: (what) => `질문을 거둡니다. ${what}: 실행이 끝났습니다.`,
      cannotAsk: (what, problem) => `${what}: 여기에서는 결정할 수 없습니다. ${problem}`,
      failed: (problem) => `결정을 전하지 못했습니다. ${problem}`,
      later: (what) => `${what}: 승인을 계속 기다립니다. 나중에 결정하려면:`,
    },
    ended: Object.freeze({
      expired: "승인 기한이 지남",
      superseded: "새 요청이 들어와 취소됨",
      cancelled: "취소됨",
    }),
  },
  en: {
    approval: "approval",
    again: "(the answer begins again: the service was restarted)",
    cannotShow: (type) => `(${type}: cannot be shown here; see --json)`,
    outcomes: Object.freeze({ not_executed: "not executed", unknown: "outcome unknown" }),
    decided: (status, by) => (by === null ? status : `${status} by ${by}`),
    asked: {
      decision: (what) => `${what}: approve (a), reject (r) or later (l)?`,
      again: (what) => `please type a (approve), r (reject) or l (later): ${what}`,
      reason: (what) => `reject ${what}: for which reason? (Enter: none)`,
    },
    told: {
      decided: (what, standing) => `${what}: ${standing}`,
      stands: (what, standing) =>
        `${what} was decided before, and your decision changes nothing: ${standing}`,
      standsUnsaid: (what) => `${what} was decided before, and your decision changes nothing`,
      withdrawn: (what, standing) => `the question is withdrawn; ${what}: ${standing}`,
      withdrawnUnsaid: (what) => `the question is withdrawn; ${what} does not wait any more`,
      over: (what) => `the question is withdrawn; the run of ${what} is over`,
      cannotAsk: (what, problem) => `${what} cannot be decided here: ${problem}`,
      failed: (problem) => `the decision did not get through: ${problem}`,
      later: (what) => `${what} goes on waiting; to decide later:`,
    },
    ended: Object.freeze({
      expired: "expired",
      superseded: "given up for a newer request",
      cancelled: "cancelled",
    }),
  },
});
