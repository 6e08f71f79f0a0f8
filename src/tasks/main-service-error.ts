/**
 * What became of a call that Main Service did not carry out (decision 65).
 *
 * - `refused`: it says no to this call; asking again would not help.
 * - `failed`: somebody answered, and not as asked. Whether the call is to blame or Main Service, the answer
 *   leaves open: the real one answers 500 to a field of another type and to a database that is away.
 * - `unavailable`: nobody is there, or has time, now.
 */
export type FailureKind = "refused" | "failed" | "unavailable";

interface Details {
  status?: number;
  /** Of its envelope, E4000 for one. */
  errorCode?: string;
  /** Fields of the call that it does not take, as far as its answer or what is known of its DTOs says so. */
  fields?: readonly string[];
  cause?: unknown;
}

/** Main Service did not do what it was asked. */
export class MainServiceError extends Error {
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly errorCode: string | undefined;
  readonly fields: readonly string[];

  constructor(kind: FailureKind, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "MainServiceError";
    this.kind = kind;
    this.status = details.status;
    this.errorCode = details.errorCode;
    this.fields = details.fields ?? [];
  }
}

/** Answered by a proxy in front of a service that is not there. */
const NOBODY_THERE: ReadonlySet<number> = new Set([502, 503, 504]);
/** Answered by a service that is there, and wants the call later. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an HTTP status that is no success says of its call. */
export function failureKindOf(status: number): FailureKind {
  if (NOBODY_THERE.has(status) || LATER.has(status)) return "unavailable";
  return status >= 400 && status < 500 ? "refused" : "failed";
}

/** Statuses that are about what a call says, and not about who makes it, or where. */
const ABOUT_CONTENT: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/**
 * Whether an HTTP status may mean that Main Service does not take what the call says: the real one answers
 * 500 then.
 */
export function mayBeAboutContent(status: number): boolean {
  return ABOUT_CONTENT.has(status) || failureKindOf(status) === "failed";
}

/** Whether what a call says is refused. */
export function isAboutContent(error: unknown): error is MainServiceError {
  return error instanceof MainServiceError && ABOUT_CONTENT.has(error.status ?? 0);
}

/**
 * Whether other calls would fare the same: no connection, no answer in time, or nobody behind what answered.
 * Everything else is said of one call by a Main Service that lives.
 */
export function isMainServiceOutage(error: unknown): boolean {
  return !(error instanceof MainServiceError) || NOBODY_THERE.has(error.status ?? 0);
}
