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

const claims = z.object({
  sub: z.string().min(1),
  tenant_id: z.union([z.string().min(1), z.number()]).transform(String),
  exp: z.number(),
  role: z.string().optional(),
});

const CLOCK_TOLERANCE_S = 5;

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
    const { sub, tenant_id, role } = claims.parse(payload);
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
