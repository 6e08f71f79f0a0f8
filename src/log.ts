/** Enough of a cause chain; it may be a ring. */
const MAX_CAUSES = 5;

interface LoggedError {
  name: string;
  message: string;
  code?: unknown;
  status?: unknown;
  /** Where, without the message that a stack begins with. */
  stack: string;
  cause?: LoggedError;
}

/**
 * How an error stands in the log (pino's `err`): name, code, place and causes. Messages of model providers
 * and of parsers are left out: they quote what they refuse, and that is prompts, mails and keys.
 */
export function describeError(error: unknown, depth = 0): LoggedError | string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : typeof error;
  const quotes = error instanceof SyntaxError || error.name === "ZodError" || "status" in error;
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const cause =
    depth < MAX_CAUSES && error.cause instanceof Error ? describeError(error.cause, depth + 1) : undefined;
  return {
    name: error.name,
    message: quotes && !isOurs(error) ? "(withheld: it may quote what it refuses)" : error.message,
    ...("code" in error ? { code: error.code } : {}),
    ...("status" in error ? { status: error.status } : {}),
    stack: stack.slice(0, 8).join("\n"),
    ...(cause === undefined || typeof cause === "string" ? {} : { cause }),
  };
}

/** AuraError has a status too, and a message that we wrote. */
function isOurs(error: Error): boolean {
  return error.name === "AuraError" || error.name === "BackendUnavailableError";
}
