import { tokenClaims } from "@aura-platform/contract/token.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

/** What a client calls before it knows who it is; the services behind it look at the tenant themselves. */
const WITHOUT_TENANT = [
  "/api/auth/login",
  "/api/auth/policy",
  "/api/auth/idp",
  "/api/monitoring/page-view",
  "/api/monitoring/event",
];
const TENANT = "x-tenant-id";
const IS_NUMBER = /^\d+$/;

const claims = z.object({
  tenant_id: tokenClaims.shape.tenant_id.pipe(z.string().regex(IS_NUMBER)),
});

/** The real Gateway's 400 for a request without X-Tenant-ID: no body at all (docs/contract.md, section 8). */
export async function requireTenant(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.headers[TENANT] || WITHOUT_TENANT.some((path) => request.url.startsWith(path))) return;
  await reply.code(400).send();
}

/**
 * Behind `/api/aura/` tenants are numbers (docs/contract.md, section 8): another X-Tenant-ID becomes the
 * token's `tenant_id`, and is refused (400, not in the envelope) when that is no number either. The token is
 * read, not verified: that is the service's task.
 */
export async function requireNumericTenant(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  // Of a header that was sent twice the first value counts.
  const [sent] = request.raw.headersDistinct[TENANT] ?? [];
  if (sent === undefined || IS_NUMBER.test(sent)) return;
  const tenant = tenantOf(request.headers.authorization);
  if (tenant === null) {
    await reply.code(400).send({ error: "X-Tenant-ID must be a number, as the token's tenant_id" });
    return;
  }
  // On the raw headers, because those are what the proxy forwards.
  request.raw.headers[TENANT] = tenant;
}

function tenantOf(authorization: string | undefined): string | null {
  const payload = /^Bearer +[^.]*\.([^.]+)/.exec(authorization ?? "")?.[1];
  if (payload === undefined) return null;
  try {
    const parsed = claims.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return parsed.success ? parsed.data.tenant_id : null;
  } catch {
    // Not a token: whoever is asked will say so, but the Gateway has no tenant for it.
    return null;
  }
}
