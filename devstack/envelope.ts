import { type AuraError, ERRORS, type ErrorCode, type Language } from "../src/errors.ts";

/** The JSON envelope of DWP's Java services (docs/contract.md, section 5), as the stand-ins answer it. */
export interface Envelope {
  status: "SUCCESS" | "ERROR";
  message: string;
  data?: unknown;
  errorCode?: ErrorCode;
  success: boolean;
  timestamp: string;
}

/** A sentence for people, in both languages. */
export type Message = Readonly<Record<Language, string>>;

/** Java's LocalDateTime as DWP prints it: no zone, whole seconds. Here always UTC. */
export function localDateTime(ms: number = Date.now()): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** Korean unless the client's first choice is English. */
export function languageOf(acceptLanguage: string | undefined): Language {
  return acceptLanguage?.trim().toLowerCase().startsWith("en") ? "en" : "ko";
}

export function success(message: string, data?: unknown): Envelope {
  return {
    status: "SUCCESS",
    message,
    ...(data === undefined ? {} : { data }),
    success: true,
    timestamp: localDateTime(),
  };
}

export function failure(error: AuraError, language: Language): Envelope {
  return {
    status: "ERROR",
    message: ERRORS[error.code][language],
    ...(error.data === undefined ? {} : { data: error.data }),
    errorCode: error.code,
    success: false,
    timestamp: localDateTime(),
  };
}
