import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";

/** A cause chain may be a ring. */
const MAX_CAUSES = 5;

/** The call did not reach the server: it had no effect. The message is the reason, for people. */
export class ServerUnavailableError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = "ServerUnavailableError";
  }
}

/**
 * A request was sent, and its answer did not come: nobody knows what it did. The message is the reason, for
 * people.
 */
export class NoAnswerError extends Error {
  /** `timeout`: there was none in time; `ended`: there will be none. */
  readonly kind: "timeout" | "ended";

  constructor(kind: NoAnswerError["kind"], reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = "NoAnswerError";
    this.kind = kind;
  }
}

/** The server does not know our session any more: it has not looked at the request. */
export class SessionLostError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.name = "SessionLostError";
    this.status = status;
  }
}

/**
 * Why a server could not be reached, in a few words that quote nothing: the SDK's messages hold URLs and
 * answers.
 */
export function failureReason(error: unknown): string {
  if (error instanceof NoAnswerError) return error.message;
  if (error instanceof ServerUnavailableError) return error.message;
  if (error instanceof SessionLostError) return error.message;
  if (error instanceof McpError) return `MCP error ${error.code}`;
  if (error instanceof StreamableHTTPError) {
    return error.code !== undefined && error.code > 0
      ? `HTTP ${error.code}`
      : "not a server of this protocol";
  }
  // The SDK has no type of its own for it.
  if (error instanceof Error && error.message.startsWith("Server's protocol version is not supported"))
    return "a version of the protocol that is not supported";
  return systemCode(error) ?? (isShapeProblem(error) ? "not an answer of this protocol" : nameOf(error));
}

/** No permission: nothing of the request was looked at. */
const FORBIDDEN: readonly unknown[] = [401, 403];

/** Whether the call cannot have had an effect, because it has not come as far as the tool. */
export function wasNotSent(error: unknown): boolean {
  return isForbidden(error) || isConnectionLost(error);
}

/** The server, or this tool of it, is not for us; it says nothing against the connection. */
function isForbidden(error: unknown): boolean {
  return error instanceof StreamableHTTPError && FORBIDDEN.includes(error.code);
}

/** The call has not come as far as the tool, and in a new connection it may. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof SessionLostError || error instanceof ServerUnavailableError) return true;
  const code = systemCode(error);
  return code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN";
}

/** ECONNREFUSED, ENOENT and the like, from an error or one of its causes. */
function systemCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string") return current.code;
    current = current.cause;
  }
  return undefined;
}

function isShapeProblem(error: unknown): boolean {
  return error instanceof Error && /^\$?ZodError$/.test(error.name);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown error";
}
