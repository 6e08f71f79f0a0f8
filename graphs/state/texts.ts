import type { Language } from "@aura-platform/contract/languages.ts";
import type { Answered } from "@aura-platform/contract/runs.ts";
import type { ApprovalDecision } from "./approval.ts";

export type Refusal = Exclude<ApprovalDecision["status"], "approved">;

/** What users read, apart from the model's own words. */
interface Texts {
  analysing: string;
  planned(count: number): string;
  genericStep: { title: string; description: string };
  turnLimit(turns: number): string;
  stopped: string;
  skipped: string;
  noAnswer: string;
  /** The model server does not take these tools. */
  toolsRefused(names: readonly string[]): string;
  /** Why an answer is not complete. */
  endings: Record<NonNullable<Answered["ending"]>, string>;
  refused: Record<Refusal, string>;
  /** The approval was given for other arguments. */
  changed: string;
  outcomeUnknown(name: string): string;
  /** The run was over before a call had begun. */
  notBegun: string;
  unknownTool(name: string): string;
  invalidArguments(problem: string): string;
  tooManyCalls(most: number, dropped: number): string;
  toolBroke(name: string): string;
  /** A call that has to be approved is too large to be shown whole. */
  tooLargeToShow: string;
  /** The same for arguments that a person has changed. */
  editUnshowable: string;
  /** Which texts of a call an event does not show whole. The places are quoted already. */
  notShown(cuts: readonly { place: string; length: number; missing: number }[]): string;
  /** Names of arguments in which something cannot be seen. They are quoted already. */
  unseen(args: string): string;
}

/** The route of Main Service that answers every argument whole (docs/contract.md, section 4). */
const WHOLE_AT = "GET /api/aura/hitl/requests/{requestId}";

export const TEXTS: Readonly<Record<Language, Texts>> = Object.freeze({
  ko: {
    analysing: "요청을 살펴보고 있습니다.",
    planned: (count) => `${count}단계로 진행하겠습니다.`,
    genericStep: { title: "요청 처리", description: "요청을 처리하고 답변합니다." },
    turnLimit: (turns) =>
      `\n\n한 번의 요청에서 진행할 수 있는 최대 ${turns}회에 도달하여 여기서 멈춥니다. 이어서 진행하려면 다시 말씀해 주세요.`,
    stopped: "진행 횟수 한도에서 멈춤",
    skipped: "실행되지 않음",
    toolsRefused: (names) =>
      `모델 서버가 받아들이지 않는 도구를 빼고 답변했습니다: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` 외 ${names.length - 5}개` : ""}.`,
    noAnswer: "모델이 답변을 하지 않았습니다.",
    endings: {
      length: "(길이 제한에 걸려 답변이 여기서 끊겼습니다. 이어서 보려면 계속해 달라고 말씀해 주세요.)",
      content_filter: "(모델 서버의 콘텐츠 필터가 답변을 막았습니다. 여기까지가 전부가 아닐 수 있습니다.)",
      refusal: "(모델이 이 요청에 답하기를 거절했습니다.)",
      lost: "(모델 서버의 응답 일부를 읽지 못했습니다. 위 답변에서 빠진 부분이 있을 수 있습니다.)",
    },
    refused: {
      rejected: "승인이 거절되었습니다",
      expired: "승인 기한이 지났습니다",
      superseded: "새 요청이 들어와 승인 요청이 취소되었습니다",
      cancelled: "승인 요청이 취소되었습니다",
      answered: "도구를 실행하지 않고 사용자가 직접 답했습니다",
    },
    changed: "승인된 내용과 실행하려는 내용이 달라 실행하지 않았습니다.",
    outcomeUnknown: (name) =>
      `${name} 실행이 시작된 뒤 중단되어 결과를 알 수 없습니다. 두 번 실행되지 않도록 다시 실행하지 않았습니다.`,
    notBegun: "실행을 시작하기 전에 작업이 끝나 실행하지 않았습니다.",
    unknownTool: (name) => `없는 도구입니다: ${name}`,
    invalidArguments: (problem) => `도구 인자가 올바르지 않습니다: ${problem}`,
    tooManyCalls: (most, dropped) =>
      `모델이 도구를 한 번에 너무 많이 호출했습니다. 처음 ${most}건만 받아들이고 ${dropped}건은 실행하지 않았습니다.`,
    toolBroke: (name) => `${name} 실행 중 예기치 않은 오류가 발생했습니다.`,
    tooLargeToShow:
      "내용이 너무 커서 승인자에게 빠짐없이 보여 줄 수 없습니다. 승인을 요청하지 않았고 실행하지도 않았습니다. 여러 번으로 나누어 요청해 주세요.",
    editUnshowable:
      "수정한 내용이 너무 커서 승인자에게 빠짐없이 보여 줄 수 없습니다. 수정을 받아들이지 않았습니다. 더 짧게 고쳐 주세요.",
    notShown: (cuts) =>
      `주의: 여기에는 일부만 표시됩니다. 표시되지 않은 부분: ${cuts
        .map(({ place, length, missing }) => `${place} ${grouped(length)}자 중 ${grouped(missing)}자`)
        .join(", ")}. 전체 내용: ${WHOLE_AT}.`,
    unseen: (args) => `주의: 보이지 않거나 글의 방향을 바꾸는 문자가 있습니다: ${args}.`,
  },
  en: {
    analysing: "Looking at the request.",
    planned: (count) => (count === 1 ? "I will do this in one step." : `I will do this in ${count} steps.`),
    genericStep: { title: "Handle the request", description: "Work on the request and answer it." },
    turnLimit: (turns) =>
      `\n\nI have reached the limit of ${turns} turns for one request and stop here. Tell me to go on if you want more.`,
    stopped: "stopped at the turn limit",
    skipped: "not carried out",
    toolsRefused: (names) =>
      `The answer was made without tools that the model server does not take: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}.`,
    noAnswer: "The model gave no answer.",
    endings: {
      length: "(The answer was cut here by its length limit. Tell me to go on if you want the rest.)",
      content_filter: "(The model server's content filter stopped the answer: this may not be all of it.)",
      refusal: "(The model declined to answer this request.)",
      lost: "(A part of the model server's response could not be read: something may be missing above.)",
    },
    refused: {
      rejected: "The approval was rejected",
      expired: "The approval has expired",
      superseded: "A newer request took the place of this approval",
      cancelled: "The approval was cancelled",
      answered: "The tool was not run; the user answered in its place",
    },
    changed: "What was about to run is not what was approved, so it was not run.",
    outcomeUnknown: (name) =>
      `${name} was started and then interrupted, so its outcome is unknown. It was not run again, so that it cannot happen twice.`,
    notBegun: "It was not carried out: the run was over before it had begun.",
    unknownTool: (name) => `There is no tool named ${name}`,
    invalidArguments: (problem) => `The tool's arguments are not valid: ${problem}`,
    tooManyCalls: (most, dropped) =>
      `The model called too many tools at once: the first ${most} calls were taken, ${dropped} more were not carried out.`,
    toolBroke: (name) => `${name} failed unexpectedly.`,
    tooLargeToShow:
      "The call is too large to be shown to an approver without leaving something out, so nobody was asked and nothing was done. Ask for it in several parts.",
    editUnshowable:
      "The changed arguments are too large to be shown to an approver without leaving something out, so the change was not taken. Make them shorter.",
    notShown: (cuts) =>
      `Note: this is shown in part. Not shown here: ${cuts
        .map(
          ({ place, length, missing }) =>
            `${grouped(missing)} of the ${grouped(length)} characters of ${place}`,
        )
        .join(", ")}. The whole is at ${WHOLE_AT}.`,
    unseen: (args) =>
      `Note: there are characters that cannot be seen, or that change the direction of writing: ${args}.`,
  },
});

/** Why a call did not run, for the user: the outcome and the reason given. */
export function refusalText(
  { status, reason }: { status: Refusal; reason?: string | undefined },
  language: Language,
): string {
  const outcome = TEXTS[language].refused[status];
  return reason ? `${outcome}: ${reason}` : `${outcome}.`;
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
