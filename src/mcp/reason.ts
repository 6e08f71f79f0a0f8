import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";

/** A cause chain may be a ring. */
const MAX_CAUSES = 5;

/** The call did not reach the server: it had no effect. The message is the reason, for people. */
export class ServerUnavailableError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = "ServerUnavailableError";
  }
}

/** Why a server could not be reached, in a few words that quote nothing: the SDK's messages hold URLs and answers. */
export function reasonOf(error: unknown): string {
  if (error instanceof McpError) {
    if (error.code === ErrorCode.RequestTimeout) return "no answer in time";
    if (error.code === ErrorCode.ConnectionClosed) return "the connection was closed";
    return `MCP error ${error.code}`;
  }
  if (error instanceof StreamableHTTPError) {
    return error.code !== undefined && error.code > 0
      ? `HTTP ${error.code}`
      : "not a server of this protocol";
  }
  return systemCode(error) ?? (error instanceof Error ? error.name : "unknown error");
}

/** No known session (the server was restarted), or no permission: nothing of the request was looked at. */
const REFUSED_UNREAD: readonly unknown[] = [401, 403, 404];

/** Whether the call cannot have had an effect, because it has not come as far as the tool. */
export function wasNotSent(error: unknown): boolean {
  if (error instanceof StreamableHTTPError) return REFUSED_UNREAD.includes(error.code);
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
