import type { Sentence } from "@aura-platform/contract/languages.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import { authenticate, signToken } from "./jwt.ts";
import { menuTreeIn, NO_MENUS, permissionsIn } from "./menus.ts";
import { addMonitoringRoutes } from "./monitoring.ts";
import { numericTenant } from "./numeric-tenant.ts";
import { createService, languageOfRequest, type ServiceOptions, sendSuccess } from "./service.ts";
import { DEV_PASSWORD, type DevUser, findDevUser } from "./users.ts";

interface AuthServerOptions extends Pick<ServiceOptions, "logger"> {
  jwtSecret: string;
  /** Lifetime of a token in seconds. */
  expiresInS?: number;
}

const credentials = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  tenantId: z.string().min(1),
});

const MESSAGES = {
  loggedIn: { ko: "로그인되었습니다.", en: "Logged in." },
  policy: { ko: "로그인 정책을 조회했습니다.", en: "How one logs in." },
  idp: { ko: "외부 인증 제공자가 없습니다.", en: "There is no identity provider." },
  me: { ko: "내 정보를 조회했습니다.", en: "Who you are." },
  permissions: { ko: "권한을 조회했습니다.", en: "What you may do." },
  menus: { ko: "메뉴를 조회했습니다.", en: "The menus." },
} satisfies Record<string, Sentence>;

/**
 * DWP's Auth Server: `POST /auth/login` gives a token to one of DEV_USERS; the rest is what DWP's web client
 * asks before and after (docs/contract.md, section 8).
 */
export function createAuthServer(options: AuthServerOptions): FastifyInstance {
  const { jwtSecret, expiresInS = 3600 } = options;
  const app = createService({ logger: options.logger });
  app.get("/health", async () => ({ status: "UP" }));
  app.post("/auth/login", async (request, reply) => {
    const { username, password, tenantId } = credentials.parse(request.body);
    const user = findDevUser(tenantId, username);
    if (user === undefined || password !== DEV_PASSWORD) throw new AuraError("E2000");
    const accessToken = await signToken(jwtSecret, user, expiresInS);
    return sendSuccess(request, reply, MESSAGES.loggedIn, {
      accessToken,
      tokenType: "Bearer",
      expiresIn: expiresInS,
      userId: user.user,
      tenantId: user.tenant,
      permissions: permissionsIn(languageOfRequest(request)),
      menus: menuTreeIn(languageOfRequest(request)).menus,
    });
  });
  addPolicyRoutes(app);
  addProfileRoutes(app, jwtSecret);
  addMonitoringRoutes(app);
  return app;
}

/** What a sign-in page asks, of any tenant: with a password, and in no other way. */
function addPolicyRoutes(app: FastifyInstance): void {
  app.get("/auth/policy", async (request, reply) =>
    sendSuccess(request, reply, MESSAGES.policy, {
      tenantId: numericTenant(request.headers),
      defaultLoginType: "LOCAL",
      allowedLoginTypes: ["LOCAL"],
      localLoginEnabled: true,
      ssoLoginEnabled: false,
      requireMfa: false,
    }),
  );
  app.get("/auth/idp", async (request, reply) => {
    numericTenant(request.headers);
    return sendSuccess(request, reply, MESSAGES.idp, []);
  });
}

function addProfileRoutes(app: FastifyInstance, jwtSecret: string): void {
  /** Undefined: the token is good, but of somebody whom the directory does not know. */
  const userOf = async (request: FastifyRequest): Promise<DevUser | undefined> => {
    const { tenantId, userId } = await authenticate(jwtSecret, request.headers);
    return findDevUser(tenantId, userId);
  };

  app.get("/auth/me", async (request, reply) => {
    const found = await userOf(request);
    if (found === undefined) throw new AuraError("E1004");
    const { user, tenant, email, role } = found;
    // Under the names of the server's answer, and of the client's type.
    const names = { id: user, userId: user, username: user, displayName: user };
    return sendSuccess(request, reply, MESSAGES.me, {
      ...names,
      email,
      tenantId: Number(tenant),
      roles: [role],
    });
  });

  app.get("/auth/permissions", async (request, reply) => {
    const isKnown = (await userOf(request)) !== undefined;
    const granted = isKnown ? permissionsIn(languageOfRequest(request)) : [];
    return sendSuccess(request, reply, MESSAGES.permissions, granted);
  });

  app.get("/auth/menus/tree", async (request, reply) => {
    const isKnown = (await userOf(request)) !== undefined;
    return sendSuccess(
      request,
      reply,
      MESSAGES.menus,
      isKnown ? menuTreeIn(languageOfRequest(request)) : NO_MENUS,
    );
  });
}
