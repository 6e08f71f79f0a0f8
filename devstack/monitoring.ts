import type { Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { numericTenant } from "./numeric-tenant.ts";
import { sendSuccess } from "./service.ts";

const text = z.string().max(4096);
const pageView = z.object({ path: text.min(1), menuKey: text.nullish(), visitorId: text.nullish() });
const userEvent = z.object({ resourceKey: text.min(1), action: text.nullish(), path: text.nullish() });

const ACCEPTED: Sentence = { ko: "기록되었습니다.", en: "It is on record." };

/** What DWP's web client reports of its user, logged in or not; the record is this service's log. */
export function addMonitoringRoutes(app: FastifyInstance): void {
  for (const [path, kind] of [
    ["/monitoring/page-view", pageView],
    ["/monitoring/event", userEvent],
  ] as const) {
    app.post(path, async (request, reply) => {
      const tenantId = numericTenant(request.headers);
      request.log.info({ tenantId, report: kind.parse(request.body) }, "the web client reports");
      return sendSuccess(request, reply, ACCEPTED, { accepted: true });
    });
  }
}
