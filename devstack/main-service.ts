import type { Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyInstance } from "fastify";
import { addHitlRoutes } from "./hitl.ts";
import type { HitlStorage } from "./hitl-storage.ts";
import { createService, type ServiceOptions, sendSuccess } from "./service.ts";
import { addTaskRoutes } from "./tasks.ts";

interface MainServiceOptions extends Pick<ServiceOptions, "logger"> {
  jwtSecret: string;
  /** Closed together with the service. */
  hitl: HitlStorage;
}

const HEALTHY: Sentence = { ko: "정상입니다.", en: "All is well." };

/** DWP's Main Service, as far as Aura knows it: HITL Manager and AgentTask records. */
export function createMainService(options: MainServiceOptions): FastifyInstance {
  const app = createService({ logger: options.logger });
  app.get("/health", async () => ({ status: "UP" }));
  // What DWP's web client shows on its dashboard; nobody is asked for a token.
  app.get("/main/health", async (request, reply) =>
    sendSuccess(request, reply, HEALTHY, "Main Service is running"),
  );
  addHitlRoutes(app, options.jwtSecret, options.hitl);
  addTaskRoutes(app, options.jwtSecret);
  app.addHook("onClose", () => options.hitl.close());
  return app;
}
