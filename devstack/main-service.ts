import type { FastifyInstance } from "fastify";
import { addHitlRoutes } from "./hitl.ts";
import type { HitlStorage } from "./hitl-storage.ts";
import { createService, type ServiceOptions } from "./service.ts";
import { addTaskRoutes } from "./tasks.ts";

export interface MainServiceOptions extends Pick<ServiceOptions, "logger"> {
  jwtSecret: string;
  /** Closed together with the service. */
  hitl: HitlStorage;
}

/** DWP's Main Service, as far as Aura knows it: HITL Manager and AgentTask records. */
export function createMainService(options: MainServiceOptions): FastifyInstance {
  const app = createService({ logger: options.logger });
  app.get("/health", async () => ({ status: "UP" }));
  addHitlRoutes(app, options.jwtSecret, options.hitl);
  addTaskRoutes(app, options.jwtSecret);
  app.addHook("onClose", () => options.hitl.close());
  return app;
}
