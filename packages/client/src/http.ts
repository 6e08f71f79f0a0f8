import { CommandFailure, ConnectionFailure, reasonOf, ServiceFailure } from "../../../cli/failure.ts";
import { isGateway } from "../../../cli/how-to-decide.ts";
import { harmlessLine } from "../../../cli/text.ts";
import { writeHeaderValue } from "../../../encoding/header-value.ts";
import { type Connection, TOKEN_ADVICE } from "./connection.ts";
import { envelope } from "./shapes.ts";

export interface Call {
  method?: "GET" | "POST" | "DELETE";
  /** JSON text. */
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** HTTP statuses that are answers as well, beside 2xx. */
  accept?: readonly number[];
}

/**
 * Calls `/aura/...` and returns the answer once its status is known to be good. Throws ConnectionFailure when nobody answers,
 * ServiceFailure with the service's code and sentence when it refuses.
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
  const answer = envelope.safeParse(await bodyOf(response, connection));
  if (!answer.success) throw stranger(response, connection);
  return { status: response.status, data: answer.data.data };
}

async function send(connection: Connection, path: string, options: Call): Promise<Response> {
  const { method = "GET", body, headers, signal } = options;
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
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw new ConnectionFailure(
      `cannot connect to ${connection.url}: ${harmlessLine(reasonOf(error))}; is it running, and is AURA_URL right?`,
      error,
    );
  }
}

async function refusal(response: Response, connection: Connection): Promise<CommandFailure> {
  const answer = envelope.safeParse(await bodyOf(response, connection));
  if (!answer.success) return tenantRefusal(response, connection) ?? stranger(response, connection);
  const { errorCode, message, agentMetadata } = answer.data;
  const code = errorCode === undefined ? `HTTP ${response.status}` : `${errorCode} (HTTP ${response.status})`;
  const trace =
    response.status >= 500 && agentMetadata?.traceId !== undefined ? ` [trace ${agentMetadata.traceId}]` : "";
  const advice = adviceFor(errorCode, response.status);
  return new ServiceFailure(
    harmlessLine(`${code}: ${message}${trace}${advice === "" ? "" : ` - ${advice}`}`),
    response.status,
  );
}

function adviceFor(errorCode: string | undefined, status: number): string {
  if (status === 401) return `a new token: ${TOKEN_ADVICE}`;
  if (errorCode === "E4000" && status === 413) {
    return "the Gateway takes 256 KB; a service can be asked directly, e.g. --url http://127.0.0.1:9000";
  }
  return "";
}

async function bodyOf(response: Response, connection: Connection): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw new ConnectionFailure(`the connection to ${connection.url} broke: ${reasonOf(error)}`, error);
  }
  try {
    return JSON.parse(text);
  } catch {
    // Somebody else's page: the caller says so.
    return undefined;
  }
}

/** The Gateway lets numbered tenants through, and says of others no more than 400, without an envelope. */
function tenantRefusal({ status }: Response, connection: Connection): CommandFailure | null {
  if (status !== 400 || !isGateway(connection) || /^\d+$/.test(connection.tenantId)) return null;
  return new ServiceFailure(
    harmlessLine(
      `HTTP 400: the Gateway takes tenants that are numbers, and the token's is ${JSON.stringify(connection.tenantId)}; a service can be asked directly, e.g. --url http://127.0.0.1:9000`,
    ),
    status,
  );
}

/** Something answers, but not DWP's envelope. */
function stranger(response: Response, connection: Connection): CommandFailure {
  const type = harmlessLine(response.headers.get("content-type") ?? "no content type");
  return new CommandFailure(
    `${connection.url} does not answer like Aura-Platform (HTTP ${response.status}, ${type}): is AURA_URL right?`,
    1,
  );
}
