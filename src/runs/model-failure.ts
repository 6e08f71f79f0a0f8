import type { ErrorCode } from "@aura-platform/contract/errors.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { ModelFailure } from "../ports/agent-graph.ts";

/** `endless` is told as a run's limit (limits.ts). */
type Told = Exclude<ModelFailure, "endless">;

/** Only a prompt that is too long is the user's mistake. */
const CODES: Readonly<Record<Told, ErrorCode>> = Object.freeze({
  failed: "E5000",
  timeout: "E5001",
  cut: "E5000",
  address: "E5000",
  credentials: "E5000",
  context: "E4000",
});

const TEXTS: Readonly<Record<Language, Readonly<Record<Told, string>>>> = Object.freeze({
  ko: {
    failed: "모델 서버가 요청을 처리하지 못했습니다. 잠시 후 다시 시도해 주세요.",
    timeout: "모델 서버의 응답 시간이 초과되었습니다. 잠시 후 다시 시도해 주세요.",
    cut: "모델 서버가 답변을 끝맺지 못했습니다. 위에 답변이 있다면 그것이 전부가 아닙니다. 다시 시도해 주세요.",
    address:
      "모델 서버에 연결할 수 없거나 설정된 주소에 모델이 없습니다. 관리자에게 모델 주소(OPENAI_BASE_URL)와 모델 이름 설정을 확인해 달라고 알려 주세요.",
    credentials:
      "모델 서버가 이 서비스의 인증을 받아들이지 않았습니다. 관리자에게 모델 서버의 API 키를 확인해 달라고 알려 주세요.",
    context:
      "요청이 모델이 한 번에 읽을 수 있는 길이를 넘습니다. 요청이나 함께 보낸 내용을 줄이거나 나누어 다시 말씀해 주세요.",
  },
  en: {
    failed: "The model server could not handle the request. Please try again later.",
    timeout: "The model server did not answer in time. Please try again later.",
    cut: "The model server did not finish its answer: what may stand above is not all of it. Please try again.",
    address:
      "The model server cannot be reached, or has no model at the configured address. Please tell your operator to check the model's address (OPENAI_BASE_URL) and name.",
    credentials:
      "The model server does not accept this service's credentials. Please tell your operator to check the model server's API key.",
    context:
      "The request is longer than the model can read at once. Please shorten it, or what was sent along, or split it.",
  },
});

/** What the user is told of a run that its model has failed. */
export function modelFailureText(
  failure: Told,
  language: Language,
): { errorCode: ErrorCode; message: string } {
  return { errorCode: CODES[failure], message: TEXTS[language][failure] };
}
