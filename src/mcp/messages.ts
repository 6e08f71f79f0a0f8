import {
  ErrorCode,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  LATEST_PROTOCOL_VERSION,
  type RequestId,
} from "@modelcontextprotocol/sdk/types.js";
import { isObject, type Keywords } from "./json-schema-values.ts";

/**
 * The code of the error that takes the place of an answer that will not come. Ours: no server is known to use
 * it.
 */
const UNANSWERED = -32_097;

/**
 * The messages in what a server has sent, as the SDK takes them. It refuses, and then nobody is answered,
 * what servers really send: null for what is absent, keys beside the known ones, ids that are missing,
 * results that are no objects.
 *
 * @param request the request that this is sent in answer to, where that is certain: an answer without an id
 * is this one's
 */
export function readMessages(json: unknown, request?: RequestId): JSONRPCMessage[] {
  return [json].flat().flatMap((each) => {
    const mended = isObject(each) ? mend(each, request) : undefined;
    const message = JSONRPCMessageSchema.safeParse(mended);
    return message.success ? [message.data] : [];
  });
}

/** What is delivered in place of an answer that will not come, so that nobody waits for it. */
export function unanswered(request: RequestId, why: string): JSONRPCMessage {
  return { jsonrpc: "2.0", id: request, error: { code: UNANSWERED, message: why } };
}

/** Whether an error's code is that of `unanswered`. */
export function isUnanswered(code: number): boolean {
  return code === UNANSWERED;
}

/** Whether it is the answer to this request. Some servers make texts of ids. */
export function isAnswerTo(message: JSONRPCMessage, request: RequestId): boolean {
  return !("method" in message) && message.id !== undefined && String(message.id) === String(request);
}

/** JSON, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mend(message: Keywords, request: RequestId | undefined): unknown {
  const { method, params, error } = message;
  const id = typeof message.id === "string" || typeof message.id === "number" ? message.id : undefined;
  if (typeof method === "string") {
    const own = { ...(id === undefined ? {} : { id }), ...(isObject(params) ? { params } : {}) };
    return { jsonrpc: "2.0", method, ...own };
  }
  const about = { jsonrpc: "2.0", id: id ?? request };
  if (error !== undefined && error !== null) return { ...about, error: mendError(error) };
  return "result" in message ? { ...about, result: mendResult(message.result) } : undefined;
}

function mendError(error: unknown): { code: number; message: string } {
  const { code, message } = isObject(error) ? error : { code: undefined, message: error };
  return {
    code: Number.isInteger(code) ? Number(code) : ErrorCode.InternalError,
    message: typeof message === "string" ? message : "an error without words",
  };
}

function mendResult(result: unknown): Keywords {
  if (!isObject(result)) return { content: result };
  // Of no use to us, and in many forms.
  const { _meta, ...rest } = result;
  return typeof rest.protocolVersion === "string" && rest.content === undefined ? handshake(rest) : rest;
}

/** Of a server's introduction, what we use: the version that it speaks, and whether it has tools. */
function handshake({ protocolVersion = LATEST_PROTOCOL_VERSION, capabilities }: Keywords): Keywords {
  const hasTools = isObject(capabilities) && (capabilities.tools ?? null) !== null;
  return {
    protocolVersion,
    capabilities: hasTools ? { tools: {} } : {},
    serverInfo: { name: "server", version: "0" },
  };
}
