import type { Language } from "@aura-platform/contract/languages.ts";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { cut } from "../../tools/cut.ts";
import { type ToolContext, ToolError } from "../../tools/tool.ts";
import type { KeptConnection } from "./keep-connected.ts";
import { failureReason, NoAnswerError, wasNotSent } from "./reason.ts";
import { isFailure, type McpResult, textOf, toResult } from "./result.ts";
import type { McpServer } from "./settings.ts";
import { MCP_TEXTS } from "./texts.ts";

/** A tool of a server, as calls of it need it. */
interface Callee {
  server: McpServer;
  connection: Pick<KeptConnection, "call">;
  /** The server's own name for it. */
  tool: string;
}

/** Longest text of an error, in characters. */
const MAX_ERROR = 4_000;

/**
 * Calls a server's tool. Who calls travels as metadata, which the model cannot fill.
 *
 * @throws ToolError that says whether the tool ran, did not, or nobody knows
 */
export async function callTool(
  { server, connection, tool }: Callee,
  args: Record<string, unknown>,
  context: ToolContext,
): Promise<McpResult> {
  const { tenantId, userId, threadId, toolCallId, language, signal } = context;
  const meta = {
    "dwp/tenantId": tenantId,
    "dwp/userId": userId,
    "dwp/threadId": threadId,
    "dwp/toolCallId": toolCallId,
  };
  const answer = await connection.call({ tool, args, meta, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw failure(server, error, language);
  });
  if (isFailure(answer)) {
    throw new ToolError(cut(textOf(answer), MAX_ERROR) || MCP_TEXTS[language].noText);
  }
  return toResult(answer);
}

function failure({ name, timeoutMs }: McpServer, error: unknown, language: Language): ToolError {
  const say = MCP_TEXTS[language];
  const uncertain = (text: string) => new ToolError(text, error, { uncertain: true });
  if (wasNotSent(error)) return new ToolError(say.unavailable(name, failureReason(error)), error);
  // Written by the server: the arguments are wrong, the tool is unknown.
  if (error instanceof McpError)
    return new ToolError(say.refused(name, cut(error.message, MAX_ERROR)), error);
  const isTimeout = error instanceof NoAnswerError && error.kind === "timeout";
  return uncertain(
    isTimeout ? say.timeout(name, timeoutMs / 1000) : say.uncertain(name, failureReason(error)),
  );
}
