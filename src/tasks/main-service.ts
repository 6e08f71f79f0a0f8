import type { DwpSource, RequestHeaders } from "@aura-platform/contract/headers.ts";
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
import { writeHeaderValue } from "../../encoding/header-value.ts";
import type { Owner } from "../records/run.ts";
import { readData, readError, type Sent } from "./answer.ts";
import { type FailureKind, isMainServiceOutage, MainServiceError } from "./main-service-error.ts";

interface MainServiceSettings {
  /** Base URL, without a path. */
  url: string;
  jwtSecret: string;
  /** Timeout of one call, in ms. */
  timeoutMs?: number;
  /** How long no call is tried during an outage, in ms. */
  breakMs?: number;
}

/** On whose behalf, and as part of which request. */
interface Caller extends Owner {
  traceId: string;
}

export interface MainServiceCall {
  method: "GET" | "POST" | "PATCH";
  /** With its query. */
  path: string;
  body?: Readonly<Record<string, unknown>>;
  /** Whether doing it twice is the same as once, so that it may be tried again at once. */
  repeatable: boolean;
  /** What it may be made without (reduced-call.ts). */
  optional?: OptionalFields;
}

interface OptionalFields {
  fields: readonly string[];
  /** Failures of the whole call after which it is made without them. */
  after: readonly FailureKind[];
  /** The name under which it is remembered that they are never taken. */
  habit?: string;
}

/** The task is in that state already: somebody was faster, or our last answer got lost. */
const ALREADY = 409;
const TOKEN_TTL_S = 60;

/** Calls Main Service; resolves with the envelope's `data`. @throws MainServiceError */
export type MainService = (caller: Caller, call: MainServiceCall) => Promise<unknown>;

/**
 * Main Service over HTTP, as the agent that Aura is (docs/contract.md, section 5): with a token of its own
 * for the user, never the caller's. Calls have a timeout, and their answers a limit; in an outage - several
 * in a row that nobody has answered - none is tried for a while. A refusal is no outage (decision 65).
 */
export function createMainServiceClient(settings: MainServiceSettings): MainService {
  const { url, timeoutMs = 5_000, breakMs = 10_000 } = settings;
  const key = new TextEncoder().encode(settings.jwtSecret);
  const outage = handleWhen(isMainServiceOutage);
  const breaker = circuitBreaker(outage, {
    halfOpenAfter: breakMs,
    breaker: new ConsecutiveBreaker(5),
  });
  const limit = timeout(timeoutMs, TimeoutStrategy.Aggressive);
  const once = wrap(breaker, limit);
  const twice = wrap(
    retry(outage, { maxAttempts: 1, backoff: new ExponentialBackoff({ initialDelay: 100 }) }),
    breaker,
    limit,
  );

  return async (caller, call) => {
    const policy = call.repeatable ? twice : once;
    try {
      return await policy.execute(({ signal }) => send(url, key, caller, call, signal));
    } catch (cause) {
      if (cause instanceof MainServiceError) throw cause;
      // Timed out, refused, reset, or not tried because the circuit is open.
      throw new MainServiceError("unavailable", `${sentOf(call).what} failed`, { cause });
    }
  };
}

async function send(
  url: string,
  key: Uint8Array,
  caller: Caller,
  call: MainServiceCall,
  signal: AbortSignal,
) {
  const { method, path, body } = call;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: await headersOf(key, caller, body !== undefined),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  if (response.status === ALREADY) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw await readError(response, sentOf(call));
  return readData(response, sentOf(call));
}

function sentOf({ method, path, body }: MainServiceCall): Sent {
  const [bare = "", query] = path.split("?");
  return {
    what: `${method} ${bare}`,
    fields: { ...Object.fromEntries(new URLSearchParams(query)), ...body },
  };
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
    "x-dwp-source": "AURA" satisfies DwpSource,
    "x-dwp-caller-type": "AGENT",
    "x-correlation-id": traceId,
    ...(hasBody ? { "content-type": "application/json" } : {}),
  } satisfies RequestHeaders;
}
