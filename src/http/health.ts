import type { FastifyInstance } from "fastify";
import { about, success } from "./envelope.ts";

/** `/health`: the process is alive. `/ready`: its backend answers too, else 503. Neither needs a token. */
export function healthRoutes(app: FastifyInstance, backend: string, ready: () => Promise<void>): void {
  app.get("/health", async (request) => success({ status: "UP" }, about(request)));
  app.get("/ready", async (request) => {
    await ready();
    return success({ status: "UP", backend }, about(request));
  });
}
