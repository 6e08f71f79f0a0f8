import type { FastifyReply, FastifyRequest } from "fastify";

/** Where DWP's web client is served (docs/contract.md, section 8). */
export const WEB_CLIENT = "http://localhost:4200";

/**
 * Refuses a page of any other site (403, no body), as the real Gateway's CORS filter does: not only is its
 * script kept from reading the answer, the request goes nowhere. A request without Origin comes from no page,
 * and one of the Gateway's own pages is at home.
 */
export async function refuseOtherOrigins(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { origin, host } = request.headers;
  if (origin === undefined || origin === WEB_CLIENT || origin === `http://${host}`) return;
  await reply.code(403).send();
}
