import type { FastifyInstance } from "fastify";
import type { KnowledgeState } from "../knowledge/state.ts";
import { about, success } from "./envelope.ts";

/** What `/ready` tells an operator besides: parts that may be unwell while the service is ready. */
export interface ReadyDetails {
  /** Where events are indexed. */
  knowledge?: KnowledgeState;
}

/** `/health`: the process is alive. `/ready`: its backend answers too, else 503. Neither needs a token. */
export function healthRoutes(
  app: FastifyInstance,
  backend: string,
  ready: () => Promise<ReadyDetails>,
): void {
  app.get("/health", async (request) => success({ status: "UP" }, about(request)));
  app.get("/ready", async (request) => {
    const details = await ready();
    return success({ status: "UP", backend, ...details }, about(request));
  });
}
