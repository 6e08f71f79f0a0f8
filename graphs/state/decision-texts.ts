import type { Language } from "@aura-platform/contract/languages.ts";

/** Why an answer to an approval is not accepted, for the person who has sent it. */
interface DecisionTexts {
  unknown: string;
  /** There is not exactly one decision for the one call that was asked about. */
  count(given: number): string;
  /** An edit that names another tool; both are quoted already. */
  otherTool(asked: string, named: string): string;
  /** The changed arguments are not accepted. */
  edit(problem: string): string;
  noEdit: string;
  otherArguments: string;
  contradiction: string;
  noText: string;
  tooDeep: string;
}

const FORMS =
  '{"status": "approved" | "rejected" | "expired" | "superseded" | "cancelled" | "answered", "reason"?: string, "digest"?: string, "args"?: object}, {"decisions": [{"type": "approve" | "edit" | "reject" | "respond", ...}]}, [{"type": "accept" | "edit" | "response" | "ignore", ...}]';

export const DECISION_TEXTS: Readonly<Record<Language, DecisionTexts>> = Object.freeze({
  ko: {
    unknown: `승인에 대한 답으로 읽을 수 없습니다. 승인은 다음 중 하나로 답합니다: ${FORMS}. 승인은 아직 기다리고 있습니다.`,
    count: (given) =>
      `승인을 기다리는 호출은 하나이므로 결정도 정확히 하나여야 합니다. 받은 결정: ${given}개. 승인은 아직 기다리고 있습니다.`,
    otherTool: (asked, named) =>
      `수정할 때 도구는 바꿀 수 없습니다. 이 승인의 도구는 ${asked} 이고 받은 것은 ${named} 입니다. 승인은 아직 기다리고 있습니다.`,
    edit: (problem) =>
      `수정한 인자를 받아들일 수 없어 실행하지 않았습니다. 승인은 아직 기다리고 있습니다. ${problem}`,
    noEdit:
      '수정은 바뀐 인자를 한 번만 담아야 합니다: "edited_action" 또는 "editedAction" {name, args}, 또는 "args" {action, args}. 승인은 아직 기다리고 있습니다.',
    otherArguments:
      '"accept" 는 보여 드린 인자 그대로 실행합니다. 다른 인자로 실행하려면 "edit" 으로 보내 주세요. 승인은 아직 기다리고 있습니다.',
    contradiction:
      "승인이면서 다른 결정의 내용도 담고 있어 어느 쪽인지 알 수 없습니다. 승인은 아직 기다리고 있습니다.",
    noText: "도구 대신 답하려면 그 답의 글이 있어야 합니다. 승인은 아직 기다리고 있습니다.",
    tooDeep: "답이 너무 깊이 중첩되어 있습니다. 승인은 아직 기다리고 있습니다.",
  },
  en: {
    unknown: `This is no answer to an approval: an approval is resumed with ${FORMS}. It still waits.`,
    count: (given) =>
      `One call waits here, so an answer holds exactly one decision; this one holds ${given}. The approval still waits.`,
    otherTool: (asked, named) =>
      `An edit keeps its tool: this approval is of ${asked}, not of ${named}. The approval still waits.`,
    edit: (problem) =>
      `The changed arguments cannot be taken, and nothing was run. The approval still waits. ${problem}`,
    noEdit:
      'An edit holds the changed arguments once: "edited_action" or "editedAction" {name, args}, or "args" {action, args}. The approval still waits.',
    otherArguments:
      '"accept" runs exactly what was shown. To run it with other arguments send an "edit". The approval still waits.',
    contradiction:
      "This approves and holds another decision as well, so nobody knows which one is meant. The approval still waits.",
    noText: "To answer in place of the tool takes the text of the answer. The approval still waits.",
    tooDeep: "The answer nests too deep. The approval still waits.",
  },
});
