import type { ToolList } from "@aura-platform/contract/tools.ts";
import type { FastifyInstance } from "fastify";
import { about, success } from "./envelope.ts";

/** `GET /aura/tools`: what the agent can do for the caller. Everybody's tools are the same today. */
export function toolRoutes(app: FastifyInstance, list: () => Promise<ToolList>): void {
  app.get("/aura/tools", async (request) => success(await list(), about(request)));
}
