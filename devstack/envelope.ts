import type { FailureEnvelope, SuccessEnvelope } from "@aura-platform/contract/envelope.ts";
import { ERRORS } from "@aura-platform/contract/errors.ts";
import { DEFAULT_LANGUAGE, LANGUAGES, type Language } from "@aura-platform/contract/languages.ts";
import type { AuraError } from "../src/errors.ts";

/** An envelope as DWP's Java services answer it: without what agents add, and often without data. */
type OfJava<Envelope> = Omit<Envelope, "agentMetadata" | "data"> & { data?: unknown };

/** Java's LocalDateTime as DWP prints it: no zone, whole seconds. Here always UTC. */
export function localDateTime(ms: number = Date.now()): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** Korean unless the client's first choice is English. */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  const first = acceptLanguage?.trim().toLowerCase() ?? "";
  return LANGUAGES.find((language) => first.startsWith(language)) ?? DEFAULT_LANGUAGE;
}

export function success(message: string, data?: unknown): OfJava<SuccessEnvelope> {
  return {
    status: "SUCCESS",
    message,
    ...(data === undefined ? {} : { data }),
    success: true,
    timestamp: localDateTime(),
  };
}

export function failure(error: AuraError, language: Language): OfJava<FailureEnvelope> {
  return {
    status: "ERROR",
    message: ERRORS[error.code][language],
    ...(error.data === undefined ? {} : { data: error.data }),
    errorCode: error.code,
    success: false,
    timestamp: localDateTime(),
  };
}
