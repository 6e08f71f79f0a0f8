import type { IncomingHttpHeaders } from "node:http";
import { tokenClaims } from "@aura-platform/contract/token.ts";
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import { headerOf, isNamedBy } from "../src/http/header.ts";

/** What is in a token (docs/contract.md, section 2); exp and iat are added on signing. */
interface TokenSubject {
  user: string;
  tenant: string;
  email: string;
  role: string;
}

export interface Caller {
  userId: string;
  tenantId: string;
}

/** Unlike Aura, Main Service takes ids that are blank, and looks at nothing else. */
const claims = tokenClaims.pick({ exp: true }).extend({
  sub: z.string().min(1),
  // Some of DWP's issuers write the tenant as a number.
  tenant_id: z.union([z.string().min(1), z.number()]).transform(String),
});

/** @param expiresS lifetime in seconds */
export function signToken(secret: string, subject: TokenSubject, expiresS: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ tenant_id: subject.tenant, email: subject.email, role: subject.role })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject.user)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresS)
    .sign(new TextEncoder().encode(secret));
}

/** Who calls: a valid token whose tenant is the one in X-Tenant-ID; else the contract's error. */
export async function authenticate(secret: string, headers: IncomingHttpHeaders): Promise<Caller> {
  const caller = await verify(secret, headers.authorization);
  if (headerOf(headers, "x-tenant-id") === undefined) throw new AuraError("E2006");
  if (!isNamedBy(headers, "x-tenant-id", caller.tenantId)) throw new AuraError("E2007");
  return caller;
}

/** As `authenticate`, and X-User-ID is present and is the token's subject. */
export async function authenticateUser(secret: string, headers: IncomingHttpHeaders): Promise<Caller> {
  const caller = await authenticate(secret, headers);
  if (headerOf(headers, "x-user-id") === undefined) {
    throw new AuraError("E4000", { detail: "X-User-ID is missing" });
  }
  if (!isNamedBy(headers, "x-user-id", caller.userId)) throw new AuraError("E2001");
  return caller;
}

async function verify(secret: string, authorization: string | undefined): Promise<Caller> {
  const token = authorization?.match(/^Bearer +(\S+)$/i)?.[1];
  if (token === undefined) throw new AuraError("E2000");
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] });
    const { sub, tenant_id } = claims.parse(payload);
    return { userId: sub, tenantId: tenant_id };
  } catch (cause) {
    throw new AuraError(cause instanceof errors.JWTExpired ? "E2002" : "E2003", { cause });
  }
}
