import type { FastifyRequest } from "fastify";
import { AuraError } from "../src/errors.ts";

/** Names under which a browser reaches this machine itself, and nothing else. */
const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Refuses a request for another host name (E2001). A page of anybody's can have its own name lead to
 * 127.0.0.1, and its script then reads the mailbox as if it were its own: the name is all that gives it away.
 */
export function refuseOtherHosts({ headers }: FastifyRequest): void {
  if (headers.host === undefined || !LOOPBACK.test(headers.host)) {
    throw new AuraError("E2001", { detail: "not a name of this machine" });
  }
}

/**
 * Refuses what a page of another site can send without asking the browser's leave (E2001): everything whose
 * type is not JSON has to come from a page of this gateway. JSON of another site is asked for first, and CORS
 * says no.
 */
export function refuseOtherSites({ headers }: FastifyRequest): void {
  const own = `http://${headers.host}`;
  const isJson = /^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "");
  if (headers.origin === own || (headers.origin === undefined && isJson)) return;
  throw new AuraError("E2001", { detail: "another site's form" });
}
