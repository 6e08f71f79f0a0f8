import type { AgentMetadata, FailureEnvelope, SuccessEnvelope } from "@aura-platform/contract/envelope.ts";
import { ERRORS, type ErrorCode } from "@aura-platform/contract/errors.ts";
import type { Language, Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyRequest } from "fastify";
import { languageOf } from "./language.ts";

/** What `data` says is the error's own, and AuraError does not know which of the contract's forms it has. */
type Failure = Omit<FailureEnvelope, "data"> & { data?: Record<string, unknown> };

const OK: Sentence = Object.freeze({ ko: "요청이 성공했습니다.", en: "Success." });

export function success<T>(data: T, about: { traceId: string; language: Language }): SuccessEnvelope<T> {
  return {
    status: "SUCCESS",
    message: OK[about.language],
    data,
    success: true,
    timestamp: localDateTime(new Date()),
    agentMetadata: agentMetadata(about.traceId),
  };
}

/** @param hint what to correct, appended to the code's sentence; must be safe to show */
export function failure(
  errorCode: ErrorCode,
  about: { traceId: string; language: Language; data?: Record<string, unknown> | undefined; hint?: string },
): Failure {
  const message = ERRORS[errorCode][about.language];
  return {
    status: "ERROR",
    message: about.hint === undefined ? message : `${message} (${about.hint})`,
    ...(about.data === undefined ? {} : { data: about.data }),
    errorCode,
    success: false,
    timestamp: localDateTime(new Date()),
    agentMetadata: agentMetadata(about.traceId),
  };
}

/** What an answer says about its request. */
export function about(request: FastifyRequest): { traceId: string; language: Language } {
  return { traceId: request.id, language: languageOf(request) };
}

function agentMetadata(traceId: string): AgentMetadata {
  return { traceId, steps: [], additionalData: {} };
}

/** `2024-01-16T12:00:00` in the process's time zone. */
export function localDateTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
