/**
 * The error codes (docs/contract.md, section 5) with their HTTP status and the sentences a person may see.
 * Korean is the default; English is used where the client asks for it with Accept-Language.
 */
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
});

/** E1000 of a run whose processes have ended again and again. */
export const NO_PROGRESS = Object.freeze({
  ko: "이 요청을 처리하던 서버 프로세스가 거듭 종료되어 작업을 중단했습니다. 요청을 바꾸어 다시 시도해 주세요.",
  en: "The server process that worked on this request ended again and again, so the request was given up. Please try a different one.",
});

export type ErrorCode = keyof typeof ERRORS;
export type Language = "ko" | "en";

interface AuraErrorOptions {
  /** Overrides the code's own HTTP status (413 with E4000). */
  status?: number;
  /** Goes into the envelope's `data`: must be safe to show to the caller. */
  data?: Record<string, unknown>;
  /** For the log only; never leaves the process. */
  detail?: string;
  cause?: unknown;
}

/** An error whose code is part of the contract. Anything else that is thrown counts as E1000. */
export class AuraError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, options: AuraErrorOptions = {}) {
    super(options.detail ?? ERRORS[code].en, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "AuraError";
    this.code = code;
    this.status = options.status ?? ERRORS[code].status;
    this.data = options.data;
  }
}

/** Of what one user, or one tenant, may not have more. */
export interface Limit {
  cap: "queuedRuns" | "openStreams";
  scope: "user" | "tenant";
  limit: number;
}

/** Somebody has as much of something as the settings allow. */
export class LimitError extends AuraError {
  readonly about: Limit;
  /** When it is worth trying again, in seconds. */
  readonly retryAfterS = 10;

  constructor(about: Limit) {
    super("E4290", {
      data: { ...about },
      detail: `more than ${about.limit} ${about.cap} of one ${about.scope}`,
    });
    this.name = "LimitError";
    this.about = about;
  }
}

/** The backend (Redis) cannot do it now - it is out of reach, or it is full: the same call may go through later. */
export class BackendUnavailableError extends AuraError {
  /** @param detail why, for the log */
  constructor(cause: unknown, detail = "the backend does not answer") {
    super("E5002", { detail, cause });
    this.name = "BackendUnavailableError";
  }
}

/** Which of the contract's codes an arbitrary thrown value stands for. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof AuraError ? error.code : "E1000";
}
