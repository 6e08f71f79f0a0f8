import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { type ToolContext, ToolError } from "../../tools/tool.ts";
import type { Connection } from "./keep-connected.ts";
import { reasonOf, ServerUnavailableError, wasNotSent } from "./reason.ts";
import { type McpResult, textOf, toResult } from "./result.ts";
import type { McpServer } from "./settings.ts";
import { TEXTS } from "./texts.ts";

/** A tool of a server, as calls of it need it. */
interface Callee {
  server: McpServer;
  connection: Pick<Connection, "call">;
  /** The server's own name for it. */
  tool: string;
}

/** Of an error's text. */
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
  const result = await connection.call({ tool, args, meta, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw failure(server, error, language);
  });
  if (result.isError === true) {
    throw new ToolError(textOf(result.content).slice(0, MAX_ERROR) || TEXTS[language].noText);
  }
  return toResult(result);
}

function failure({ name, timeoutMs }: McpServer, error: unknown, language: "ko" | "en"): ToolError {
  const say = TEXTS[language];
  const notRun = (reason: string) => new ToolError(say.unavailable(name, reason), error);
  const uncertain = (text: string) => new ToolError(text, error, { uncertain: true });
  if (error instanceof ServerUnavailableError) return notRun(error.message);
  if (wasNotSent(error)) return notRun(reasonOf(error));
  if (!(error instanceof McpError)) return uncertain(say.uncertain(name, reasonOf(error)));
  if (error.code === ErrorCode.RequestTimeout) return uncertain(say.timeout(name, timeoutMs / 1000));
  if (error.code === ErrorCode.ConnectionClosed) return uncertain(say.uncertain(name, reasonOf(error)));
  // Written by the server: the arguments are wrong, the tool is unknown.
  return new ToolError(say.refused(name, error.message.slice(0, MAX_ERROR)), error);
}
