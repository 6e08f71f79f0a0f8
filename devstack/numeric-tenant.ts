import type { IncomingHttpHeaders } from "node:http";
import { AuraError } from "../src/errors.ts";

/**
 * X-Tenant-ID as DWP's services take it that ask for no token: a whole number. Throws E2006 when it is
 * missing, E4000 when it is none.
 */
export function numericTenant(headers: IncomingHttpHeaders): number {
  const sent = headers["x-tenant-id"];
  if (!sent) throw new AuraError("E2006");
  if (typeof sent !== "string" || !/^\d{1,15}$/.test(sent)) {
    throw new AuraError("E4000", { detail: "X-Tenant-ID must be a whole number" });
  }
  return Number(sent);
}
