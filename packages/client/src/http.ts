import { anyEnvelope } from "@aura-platform/contract/envelope.ts";
import { writeHeaderValue } from "../../../encoding/header-value.ts";
import type { Connection } from "./connection.ts";
import {
  type ClientFailure,
  ConnectionFailure,
  ForeignAnswer,
  reasonOf,
  ServiceFailure,
} from "./failures.ts";

export interface Call {
  method?: "GET" | "POST" | "DELETE";
  /** JSON text. */
  body?: string;
  headers?: Record<string, string>;
  /** HTTP statuses that are answers as well, beside 2xx. */
  accept?: readonly number[];
}

/** Failures that came before anything was sent. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Calls `/aura/...` and returns the answer once its status is known to be good. Throws ConnectionFailure when
 * nobody answers, ServiceFailure with the service's code and sentence when it refuses, ForeignAnswer when
 * that is somebody else.
 */
export async function call(connection: Connection, path: string, options: Call = {}): Promise<Response> {
  const response = await send(connection, path, options);
  if (!response.ok && options.accept?.includes(response.status) !== true)
    throw await refusal(response, connection);
  return response;
}

/** The same for a JSON answer: its HTTP status, and the `data` of the envelope. */
export async function callForAnswer(
  connection: Connection,
  path: string,
  options: Call = {},
): Promise<{ status: number; data: unknown }> {
  const response = await call(connection, path, options);
  const answer = anyEnvelope.safeParse(await bodyOf(response, connection));
  if (!answer.success) throw foreign(response, connection);
  return { status: response.status, data: answer.data.data };
}

async function send(connection: Connection, path: string, options: Call): Promise<Response> {
  const { method = "GET", body, headers } = options;
  try {
    return await fetch(`${connection.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${connection.token}`,
        "x-tenant-id": writeHeaderValue(connection.tenantId),
        "x-user-id": writeHeaderValue(connection.userId),
        "accept-language": connection.language,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    const reason = `cannot connect to ${connection.url}: ${reasonOf(error)}`;
    throw new ConnectionFailure(NOT_SENT.has(codeOf(error)) ? "unreachable" : "unanswered", reason, error);
  }
}

/** Node's code of what has thrown, or of what has led to it. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return "code" in error ? error.code : codeOf(error.cause);
}

async function refusal(response: Response, connection: Connection): Promise<ClientFailure> {
  const answer = anyEnvelope.safeParse(await bodyOf(response, connection));
  if (!answer.success) return foreign(response, connection);
  const { status } = response;
  const { errorCode, message, agentMetadata } = answer.data;
  const code = errorCode === undefined ? `HTTP ${status}` : `${errorCode} (HTTP ${status})`;
  const traceId = status >= 500 ? agentMetadata?.traceId : undefined;
  const trace = traceId === undefined ? "" : ` [trace ${traceId}]`;
  return new ServiceFailure(`${code}: ${message}${trace}`, status, errorCode);
}

async function bodyOf(response: Response, connection: Connection): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    const reason = `the connection to ${connection.url} broke: ${reasonOf(error)}`;
    throw new ConnectionFailure("broken", reason, error);
  }
  try {
    return JSON.parse(text);
  } catch {
    // Somebody else's page: the caller says so.
    return undefined;
  }
}

/** Something answers, but not DWP's envelope. */
function foreign({ headers, status }: Response, { url, tenantId }: Connection): ForeignAnswer {
  const type = headers.get("content-type") ?? "no content type";
  const reason = `${url} does not answer like Aura-Platform (HTTP ${status}, ${type})`;
  return new ForeignAnswer(reason, status, { url, tenantId });
}
