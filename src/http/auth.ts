import type { FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { errors as joseErrors, jwtVerify } from "jose";
import { z } from "zod";
import { AuraError } from "../errors.ts";
import type { Owner } from "../runs/run.ts";

/** Who is asking, proven by a token. */
export interface Caller extends Owner {
  role: string | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set on the routes of the protected scope. */
    caller: Caller | null;
  }
}

/** Blank ids look like nobody on every screen and in every log. */
const notBlank = z.string().refine((text) => text.trim() !== "", { error: "blank" });

const claims = z.object({
  sub: notBlank,
  tenant_id: z.union([notBlank, z.number()]).transform(String),
  exp: z.number(),
  iat: z.number().optional(),
  role: z.string().optional(),
});

/** How far the clocks of DWP's services may differ. */
const CLOCK_TOLERANCE_S = 5;

/** For `iat`, which costs a session when it is refused wrongly: machines that have just woken are this far off. */
const ISSUE_TOLERANCE_S = 60;

/** No login lasts longer. A time above it is a mistake (milliseconds) or a token that is meant never to end. */
const MAX_LIFETIME_S = 10 * 365 * 86_400;

/**
 * Makes every route of the scope it is registered in require a DWP token (contract, section 2): HS256,
 * `X-Tenant-ID` equal to `tenant_id`, and `X-User-ID`, when sent, equal to `sub`.
 */
export const authentication = fastifyPlugin<{ secret: string }>(
  async (scope, { secret }) => {
    const key = new TextEncoder().encode(secret);
    scope.decorateRequest("caller", null);
    scope.addHook("onRequest", async (request) => {
      const caller = await verify(bearerToken(request), key);
      const tenant = header(request, "x-tenant-id");
      if (tenant === undefined) throw new AuraError("E2006");
      if (tenant !== caller.tenantId) throw new AuraError("E2007");
      const user = header(request, "x-user-id");
      if (user !== undefined && user !== caller.userId) {
        throw new AuraError("E2001", { detail: "X-User-ID differs from sub" });
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
  const token = /^Bearer +(\S.*)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw new AuraError("E2000");
  return token.trim();
}

async function verify(token: string, key: Uint8Array): Promise<Caller> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["sub", "tenant_id", "exp"],
    });
    const { sub, tenant_id, role, exp, iat } = claims.parse(payload);
    const now = Date.now() / 1000;
    if (iat !== undefined && iat > now + ISSUE_TOLERANCE_S) throw new Error("iat is in the future");
    if (exp > now + MAX_LIFETIME_S) throw new Error("exp is absurd");
    return { tenantId: tenant_id, userId: sub, role };
  } catch (error) {
    const code = error instanceof joseErrors.JWTExpired ? "E2002" : "E2003";
    throw new AuraError(code, { detail: "token refused", cause: error });
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(",") : value;
  return text === undefined || text === "" ? undefined : text;
}
