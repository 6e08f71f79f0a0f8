import type { FastifyRequest } from "fastify";
import { ERRORS, type ErrorCode, type Language } from "../errors.ts";
import { languageOf } from "./language.ts";

/** Every JSON response of DWP (docs/contract.md, section 5). */
export interface Envelope<T = unknown> {
  status: "SUCCESS" | "ERROR";
  message: string;
  data?: T;
  errorCode?: ErrorCode;
  success: boolean;
  /** Local date and time without a zone, as Java's LocalDateTime prints it. */
  timestamp: string;
  agentMetadata: { traceId: string; steps: never[]; additionalData: Record<string, never> };
}

const OK: Readonly<Record<Language, string>> = Object.freeze({ ko: "요청이 성공했습니다.", en: "Success." });

export function success<T>(data: T, about: { traceId: string; language: Language }): Envelope<T> {
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
): Envelope {
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

function agentMetadata(traceId: string): Envelope["agentMetadata"] {
  return { traceId, steps: [], additionalData: {} };
}

/** `2024-01-16T12:00:00` in the process's time zone. */
export function localDateTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
