import type { Health, Readiness } from "@aura-platform/contract/health.ts";
import type { FastifyInstance } from "fastify";
import { about, success } from "./envelope.ts";

/** What `/ready` tells an operator besides: parts that may be unwell while the service is ready. */
export type ReadyDetails = Omit<Readiness, keyof Health | "backend">;

/** `/health`: the process is alive. `/ready`: its backend answers too, else 503. Neither needs a token. */
export function healthRoutes(
  app: FastifyInstance,
  backend: string,
  ready: () => Promise<ReadyDetails>,
): void {
  app.get("/health", async (request) => success<Health>({ status: "UP" }, about(request)));
  app.get("/ready", async (request) => {
    const details = await ready();
    return success<Readiness>({ status: "UP", backend, ...details }, about(request));
  });
}
