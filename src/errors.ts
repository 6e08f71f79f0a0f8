import { ERRORS, type ErrorCode } from "@aura-platform/contract/errors.ts";
import type { Limit } from "@aura-platform/contract/failures.ts";

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
