import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import { signToken } from "./jwt.ts";
import { createService, type ServiceOptions, sendSuccess } from "./service.ts";
import { DEV_PASSWORD, findDevUser } from "./users.ts";

export interface AuthServerOptions extends Pick<ServiceOptions, "logger"> {
  jwtSecret: string;
  /** Lifetime of a token in seconds. */
  expiresInS?: number;
}

const credentials = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  tenantId: z.string().min(1),
});

/** DWP's Auth Server: `POST /auth/login` gives a token to one of DEV_USERS. */
export function createAuthServer(options: AuthServerOptions): FastifyInstance {
  const { jwtSecret, expiresInS = 3600 } = options;
  const app = createService({ logger: options.logger });
  app.get("/health", async () => ({ status: "UP" }));
  app.post("/auth/login", async (request, reply) => {
    const { username, password, tenantId } = credentials.parse(request.body);
    const user = findDevUser(tenantId, username);
    if (user === undefined || password !== DEV_PASSWORD) throw new AuraError("E2000");
    const accessToken = await signToken(jwtSecret, user, expiresInS);
    const data = { accessToken, tokenType: "Bearer", expiresIn: expiresInS };
    return sendSuccess(request, reply, { ko: "로그인되었습니다.", en: "Logged in." }, data);
  });
  return app;
}
