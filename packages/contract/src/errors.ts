import { z } from "zod";
import type { Sentence } from "./languages.ts";
import { mayGrow } from "./reading.ts";

/** An error code: its HTTP status, and the sentences that a person may see. */
interface CodeMeaning extends Sentence {
  readonly status: number;
}

/** The error codes of DWP that Aura-Platform answers with (docs/contract.md, section 5). */
export const ERRORS = Object.freeze({
  E1000: { status: 500, ko: "서버 내부 오류가 발생했습니다.", en: "Internal server error." },
  E1002: { status: 405, ko: "허용되지 않는 메서드입니다.", en: "Method not allowed." },
  E1004: { status: 404, ko: "요청한 리소스를 찾을 수 없습니다.", en: "Resource not found." },
  E2000: { status: 401, ko: "인증이 필요합니다.", en: "Authentication is required." },
  E2001: { status: 403, ko: "권한이 없습니다.", en: "Permission denied." },
  E2002: { status: 401, ko: "토큰이 만료되었습니다.", en: "The token has expired." },
  E2003: { status: 401, ko: "유효하지 않은 토큰입니다.", en: "The token is invalid." },
  E2006: { status: 400, ko: "X-Tenant-ID 헤더가 필요합니다.", en: "The X-Tenant-ID header is required." },
  E2007: { status: 403, ko: "테넌트가 일치하지 않습니다.", en: "The tenant does not match." },
  E3001: { status: 409, ko: "이미 진행 중이거나 존재합니다.", en: "Busy, or exists already." },
  E3002: {
    status: 409,
    ko: "실행이 취소되었거나 현재 상태에서는 할 수 없습니다.",
    en: "The run was cancelled, or its state does not allow this.",
  },
  E3006: { status: 409, ko: "이미 처리된 요청입니다.", en: "Already decided." },
  E4000: { status: 400, ko: "잘못된 요청입니다.", en: "Bad request." },
  E4290: { status: 429, ko: "요청이 너무 많습니다.", en: "Too many requests." },
  E5000: {
    status: 502,
    ko: "외부 서비스 호출에 실패했습니다.",
    en: "A service that this request depends on failed.",
  },
  E5001: {
    status: 504,
    ko: "외부 서비스 응답 시간이 초과되었습니다.",
    en: "A service that this request depends on did not answer in time.",
  },
  E5002: {
    status: 503,
    ko: "서비스를 일시적으로 사용할 수 없습니다.",
    en: "The service is temporarily unavailable.",
  },
} satisfies Record<`E${number}`, CodeMeaning>);

export type ErrorCode = keyof typeof ERRORS;

/** The codes as a list. Object.keys forgets which they are. */
export const ERROR_CODES = Object.freeze(Object.keys(ERRORS) as ErrorCode[]);

export const errorCode = z.enum(ERROR_CODES);

/**
 * Why a run has ended with an error, where its code leaves that open. `no_progress`: the processes that
 * worked on it have ended again and again. A newer process may know more reasons, and its runs are followed
 * all the same.
 */
export const errorReason = mayGrow(z.enum(["superseded", "cancelled", "no_progress"]));
export type ErrorReason = z.output<typeof errorReason>;

/** E1000 for the reason `no_progress`. */
export const NO_PROGRESS: Sentence = Object.freeze({
  ko: "이 요청을 처리하던 서버 프로세스가 거듭 종료되어 작업을 중단했습니다. 요청을 바꾸어 다시 시도해 주세요.",
  en: "The server process that worked on this request ended again and again, so the request was given up. Please try a different one.",
});
