import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { SignJWT } from "jose";
import { z } from "zod";
import { writeHeaderValue } from "../../encoding/header-value.ts";
import type { Owner } from "../runs/run.ts";

/** Main Service did not do what it was asked. `refused`: asking again would not help. */
export class MainServiceError extends Error {
  readonly kind: "refused" | "unavailable";
  readonly status: number | undefined;

  constructor(kind: "refused" | "unavailable", message: string, status?: number, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "MainServiceError";
    this.kind = kind;
    this.status = status;
  }
}

export interface MainServiceSettings {
  /** Base URL, without a path. */
  url: string;
  jwtSecret: string;
  /** Of one call, in ms. */
  timeoutMs?: number;
  /** How long no call is tried after several have failed, in ms. */
  breakMs?: number;
}

/** On whose behalf, and as part of which request. */
export interface Caller extends Owner {
  traceId: string;
}

export interface Call {
  method: "GET" | "POST" | "PATCH";
  /** With its query. */
  path: string;
  body?: unknown;
  /** Whether doing it twice is the same as once, so that it may be tried again at once. */
  repeatable: boolean;
}

/** The task is in that state already: somebody was faster, or our last answer got lost. */
const ALREADY = 409;
const TOKEN_TTL_S = 60;
/** Of one answer, in bytes: a page of a hundred tasks with all that is kept of them is well below. */
const MAX_ANSWER = 16 * 1024 * 1024;
const envelope = z.object({ data: z.unknown() });

/** Calls Main Service; resolves with the envelope's `data`. */
export type MainService = (caller: Caller, call: Call) => Promise<unknown>;

/**
 * Main Service over HTTP, as the agent that Aura is (contract, section 5): with a token of its own for the
 * user, never the caller's. Calls have a timeout, and their answers a limit; when several in a row have failed,
 * none is tried for a while.
 */
export function createMainService(settings: MainServiceSettings): MainService {
  const { url, timeoutMs = 5_000, breakMs = 10_000 } = settings;
  const key = new TextEncoder().encode(settings.jwtSecret);
  const failed = handleWhen((error) => !(error instanceof MainServiceError) || error.kind === "unavailable");
  const breaker = circuitBreaker(failed, {
    halfOpenAfter: breakMs,
    breaker: new ConsecutiveBreaker(5),
  });
  const limit = timeout(timeoutMs, TimeoutStrategy.Aggressive);
  const once = wrap(breaker, limit);
  const twice = wrap(
    retry(failed, { maxAttempts: 1, backoff: new ExponentialBackoff({ initialDelay: 100 }) }),
    breaker,
    limit,
  );

  return async (caller, call) => {
    const policy = call.repeatable ? twice : once;
    try {
      return await policy.execute(({ signal }) => send(url, key, caller, call, signal));
    } catch (error) {
      if (error instanceof MainServiceError) throw error;
      // Timed out, refused, reset, or not tried because the circuit is open.
      throw new MainServiceError("unavailable", `${call.method} ${call.path} failed`, undefined, error);
    }
  };
}

async function send(url: string, key: Uint8Array, caller: Caller, call: Call, signal: AbortSignal) {
  const { method, path, body } = call;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: await headersOf(key, caller, body !== undefined),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  if (response.status === ALREADY || !response.ok) await response.body?.cancel();
  if (response.status === ALREADY) return undefined;
  if (!response.ok) {
    const refused = response.status < 500 && response.status !== 408 && response.status !== 429;
    throw new MainServiceError(
      refused ? "refused" : "unavailable",
      `${method} ${path.split("?")[0]} was answered ${response.status}`,
      response.status,
    );
  }
  return parseEnvelope(await readText(response, path), path);
}

/** The body as far as it may go; its time is limited by the call's. */
async function readText({ body, status }: Response, path: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const bytes of body ?? []) {
    length += bytes.byteLength;
    // Leaving the loop closes the connection.
    if (length > MAX_ANSWER) {
      const problem = `the answer to ${path.split("?")[0]} is longer than ${MAX_ANSWER} bytes`;
      throw new MainServiceError("unavailable", problem, status);
    }
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

function parseEnvelope(text: string, path: string): unknown {
  try {
    return envelope.parse(JSON.parse(text)).data;
  } catch (cause) {
    throw new MainServiceError(
      "unavailable",
      `the answer to ${path.split("?")[0]} is no envelope`,
      200,
      cause,
    );
  }
}

async function headersOf(key: Uint8Array, { tenantId, userId, traceId }: Caller, hasBody: boolean) {
  const token = await new SignJWT({ tenant_id: tenantId, role: "service" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_TTL_S}s`)
    .sign(key);
  return {
    authorization: `Bearer ${token}`,
    "x-tenant-id": writeHeaderValue(tenantId),
    "x-user-id": writeHeaderValue(userId),
    "x-dwp-source": "AURA",
    "x-dwp-caller-type": "AGENT",
    "x-correlation-id": traceId,
    ...(hasBody ? { "content-type": "application/json" } : {}),
  };
}
