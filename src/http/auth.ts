import { tokenClaims } from "@aura-platform/contract/token.ts";
import type { FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { errors as joseErrors, jwtVerify } from "jose";
import { AuraError } from "../errors.ts";
import type { Owner } from "../records/run.ts";
import { differing, headerOf, isNamedBy, partsOf } from "./header.ts";

/** Who is asking, proven by a token. */
interface Caller extends Owner {
  role: string | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set on the routes of the protected scope. */
    caller: Caller | null;
  }
}

/** How far the clocks of DWP's services may differ. */
const CLOCK_TOLERANCE_S = 5;

/**
 * For `iat`, which costs a session when it is refused wrongly: machines that have just woken are this far
 * off.
 */
const ISSUE_TOLERANCE_S = 60;

/**
 * No login lasts longer. A time above it is a mistake (milliseconds) or a token that is meant never to end.
 */
const MAX_LIFETIME_S = 10 * 365 * 86_400;

/**
 * Makes every route of the scope it is registered in require a DWP token (docs/contract.md, section 2):
 * HS256, `X-Tenant-ID` equal to `tenant_id`, and `X-User-ID`, when sent, equal to `sub`.
 */
export const authentication = fastifyPlugin<{ secret: string }>(
  async (scope, { secret }) => {
    const key = new TextEncoder().encode(secret);
    scope.decorateRequest("caller", null);
    scope.addHook("onRequest", async (request) => {
      const caller = await verify(bearerToken(request), key);
      const { headers } = request;
      if (headerOf(headers, "x-tenant-id") === undefined) throw new AuraError("E2006");
      if (!isNamedBy(headers, "x-tenant-id", caller.tenantId)) {
        throw mismatch("E2007", "X-Tenant-ID", "tenant_id");
      }
      if (headerOf(headers, "x-user-id") !== undefined && !isNamedBy(headers, "x-user-id", caller.userId)) {
        throw mismatch("E2001", "X-User-ID", "sub");
      }
      request.caller = caller;
    });
  },
  { name: "authentication" },
);

/** The authenticated caller of a protected route. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new AuraError("E2000");
  return request.caller;
}

/** The caller as the owner of what it asks for. */
export function ownerOf(request: FastifyRequest): Owner {
  const { tenantId, userId } = callerOf(request);
  return { tenantId, userId };
}

function bearerToken(request: FastifyRequest): string {
  const { rawHeaders } = request.raw;
  // Of two such headers `headers` has only the first.
  const lines = rawHeaders.filter(
    (_, at) => rawHeaders[at - 1]?.toLowerCase() === "authorization" && at % 2 === 1,
  );
  const tokens = partsOf(lines.join(",")).flatMap((part) => /^Bearer +(\S.*)$/i.exec(part)?.[1] ?? []);
  const [token, another] = new Set(tokens);
  if (token === undefined) throw new AuraError("E2000");
  if (another !== undefined) throw differing("E2003", "Authorization");
  return token;
}

function mismatch(code: "E2001" | "E2007", name: string, claim: string): AuraError {
  return new AuraError(code, {
    data: { issues: [{ path: name, message: `differs from ${claim} of the token` }] },
    detail: `${name} differs from ${claim}`,
  });
}

async function verify(token: string, key: Uint8Array): Promise<Caller> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["sub", "tenant_id", "exp"],
    });
    const { sub, tenant_id, role, exp, iat } = tokenClaims.parse(payload);
    const now = Date.now() / 1000;
    if (iat !== undefined && iat > now + ISSUE_TOLERANCE_S) throw new Error("iat is in the future");
    if (exp > now + MAX_LIFETIME_S) throw new Error("exp is absurd");
    return { tenantId: tenant_id, userId: sub, role };
  } catch (error) {
    const code = error instanceof joseErrors.JWTExpired ? "E2002" : "E2003";
    throw new AuraError(code, { detail: "token refused", cause: error });
  }
}
