/** What a person reads in: the language that the service's own sentences are asked for in. */
export type Language = "ko" | "en";

/** The words between the service's sentences where a run is drawn, in the language of those sentences (decision 14). */
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
    ended: Object.freeze({
      expired: "expired",
      superseded: "given up for a newer request",
      cancelled: "cancelled",
    }),
  },
});
