import type { Settlement, Verdict } from "@aura-platform/contract/approvals.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { CallOutcome } from "@aura-platform/contract/tool-calls.ts";
import { knownWord } from "./known-word.ts";

/**
 * The words between the service's sentences where a run is drawn, in the language of those sentences
 * (decision 14).
 */
interface Words {
  approval: string;
  /** On an approval's card: whose place it has taken, with other arguments. */
  editOf(requestId: string): string;
  /** Of a call whose arguments a person has changed. */
  edited: string;
  /** Before what the model had asked for. */
  proposed: string;
  /** The answer is streamed a second time. */
  again: string;
  /** An event of a later version. */
  cannotShow(type: string): string;
  /** What is known of a call's effect, beside `completed` and `failed`, whose ticks say everything. */
  outcomes: Readonly<Record<Exclude<CallOutcome, "completed" | "failed">, string>>;
  /** What a decision says, and who made it. */
  decided(status: string, by: string | null): string;
  /** A question: for the decision, once more after another answer, for the reason of a rejection. */
  asked: {
    decision(what: string): string;
    again(what: string): string;
    reason(what: string): string;
    /** After an edit that could not be used. */
    editAgain(what: string): string;
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
    edited(what: string, editedAs: string): string;
    unchanged(what: string): string;
    cannotEdit(what: string, standing: string): string;
    cannotEditUnsaid(what: string): string;
    notEdited(problem: string): string;
    typedKept: string;
  };
  /** Why what an editor has left cannot be sent. */
  editing: {
    notJson(line: number, column: number, rest: string): string;
    notAnObject: string;
    missing(editor: string): string;
    ended(editor: string, how: string): string;
    tooOften(edits: number): string;
    notKnown(problem: string): string;
  };
  /** What stands of an approval that was edited. */
  editedAs(requestId: string): string;
  /** Approvals that ended without a person's decision. */
  ended: Readonly<Record<Exclude<Settlement, Verdict>, string>>;
}

const VERDICTS_KO: Readonly<Record<Verdict, string>> = Object.freeze({
  approved: "승인함",
  rejected: "거절함",
});

export const WORDS: Readonly<Record<Language, Words>> = Object.freeze({
  ko: {
    approval: "승인 요청",
    editOf: (requestId) => `수정한 요청입니다. ${requestId} 요청을 대신합니다.`,
    edited: "수정됨",
    proposed: "원래 제안",
    again: "(서비스가 다시 시작되어 답변을 처음부터 다시 보냅니다)",
    cannotShow: (type) => `(${type}: 여기에 표시할 수 없습니다. --json을 보세요)`,
    outcomes: Object.freeze({ not_executed: "실행되지 않음", unknown: "결과를 알 수 없음" }),
    decided(status, by) {
      const who = by === null ? "" : `${by} 님이 `;
      return `${who}${knownWord(VERDICTS_KO, status) ?? status}`;
    },
    asked: {
      decision: (what) => `${what}: 승인(a), 거절(r), 수정(e), 나중에(l)?`,
      again: (what) => `a(승인), r(거절), e(수정), l(나중에) 중에서 입력해 주세요. ${what}`,
      reason: (what) => `${what} 거절: 사유를 입력해 주세요 (없으면 Enter).`,
      editAgain: (what) => `${what}: 입력한 내용을 다시 수정(e), 그대로 두기(l)?`,
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
      edited: (what, editedAs) => `${what}: 수정했습니다. 새 승인 요청은 ${editedAs}입니다.`,
      unchanged: (what) => `${what}: 바뀐 내용이 없어 아무것도 보내지 않았습니다.`,
      cannotEdit: (what, standing) => `${what}: 더 이상 수정할 수 없습니다. ${standing}`,
      cannotEditUnsaid: (what) => `${what}: 더 이상 수정할 수 없습니다.`,
      notEdited: (problem) => `수정되지 않았습니다. ${problem}`,
      typedKept: "입력한 내용은 보관되어 있습니다. e를 누르면 이어서 수정할 수 있습니다.",
    },
    editing: {
      notJson: (line, column, rest) =>
        rest === ""
          ? `JSON이 ${line}행 ${column}열에서 끝났습니다. 빠진 부분이 있습니다.`
          : `${line}행 ${column}열부터 JSON으로 읽을 수 없습니다: ${rest}`,
      notAnObject: "모든 인수를 담은 JSON 객체여야 합니다.",
      missing: (editor) => `편집기 ${editor}을(를) 찾을 수 없습니다. VISUAL 또는 EDITOR를 설정해 주세요.`,
      ended: (editor, how) => `편집기 ${editor}이(가) 정상적으로 끝나지 않았습니다(${how}).`,
      tooOften: (edits) => `이미 ${edits}번 수정되어 더 이상 수정할 수 없습니다.`,
      notKnown: (problem) =>
        `${problem} 수정 내용이 전달되었는지 알 수 없습니다. 같은 수정을 다시 보내도 안전합니다.`,
    },
    editedAs: (requestId) => `수정되어 ${requestId} 요청으로 바뀜`,
    ended: Object.freeze({
      expired: "승인 기한이 지남",
      superseded: "새 요청이 들어와 취소됨",
      cancelled: "취소됨",
    }),
  },
  en: {
    approval: "approval",
    editOf: (requestId) => `edited: this takes the place of ${requestId}`,
    edited: "edited",
    proposed: "proposed was",
    again: "(the answer begins again: the service was restarted)",
    cannotShow: (type) => `(${type}: cannot be shown here; see --json)`,
    outcomes: Object.freeze({ not_executed: "not executed", unknown: "outcome unknown" }),
    decided: (status, by) => (by === null ? status : `${status} by ${by}`),
    asked: {
      decision: (what) => `${what}: approve (a), reject (r), edit (e) or later (l)?`,
      again: (what) => `please type a (approve), r (reject), e (edit) or l (later): ${what}`,
      reason: (what) => `reject ${what}: for which reason? (Enter: none)`,
      editAgain: (what) => `${what}: edit what you typed again (e), or leave it as it was (l)?`,
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
      edited: (what, editedAs) => `${what} is edited: ${editedAs} takes its place`,
      unchanged: (what) => `${what}: nothing was changed, and nothing was sent`,
      cannotEdit: (what, standing) => `${what} cannot be edited any more: ${standing}`,
      cannotEditUnsaid: (what) => `${what} cannot be edited any more`,
      notEdited: (problem) => `it is not edited: ${problem}`,
      typedKept: "what you typed is kept: e opens it again",
    },
    editing: {
      notJson: (line, column, rest) =>
        rest === ""
          ? `the JSON ends too early, at line ${line}, column ${column}`
          : `line ${line}, column ${column} cannot be read as JSON: ${rest}`,
      notAnObject: "it must be a JSON object with all of the arguments",
      missing: (editor) => `the editor ${editor} was not found: set VISUAL or EDITOR`,
      ended: (editor, how) => `the editor ${editor} has not ended well (${how})`,
      tooOften: (edits) => `it has been edited ${edits} times, and cannot be edited again`,
      notKnown: (problem) =>
        `${problem} - it is not known whether the edit arrived; sending the same again is safe`,
    },
    editedAs: (requestId) => `edited; ${requestId} has taken its place`,
    ended: Object.freeze({
      expired: "expired",
      superseded: "given up for a newer request",
      cancelled: "cancelled",
    }),
  },
});
