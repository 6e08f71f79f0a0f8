import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEV_USERS } from "../../devstack/users.ts";
import { tokenOf } from "../cli/cli.ts";
import { type Stack, startStack } from "../helpers/stack.ts";

/** DWP's web client as it calls, through the Gateway: from its origin, with JSON's type on every request. */
describe("[R8.25] what DWP's web client asks for beside Aura", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend: "embedded" });
  });
  afterAll(() => stack.close());

  interface Asked {
    body?: unknown;
    token?: string;
    tenant?: string | null;
    language?: string;
  }

  const ask = async (path: string, { body, token, tenant = "1", language = "ko-KR" }: Asked = {}) => {
    const response = await fetch(`${stack.url}/api${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        origin: "http://localhost:4200",
        "content-type": "application/json",
        "accept-language": language,
        ...(tenant === null ? {} : { "x-tenant-id": tenant }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:4200");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    const text = await response.text();
    return { status: response.status, text, ...(text === "" ? {} : (JSON.parse(text) as any)) };
  };
  const isSuccess = {
    status: "SUCCESS",
    success: true,
    message: expect.any(String),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
  };
  const login = (username: string, tenantId: string, password = "password") =>
    ask("/auth/login", { body: { username, password, tenantId }, tenant: tenantId });

  test("the sign-in page: how one logs in, and that there is no other provider", async () => {
    const policy = await ask("/auth/policy");
    expect(policy).toMatchObject(isSuccess);
    expect(policy.data).toEqual({
      tenantId: 1,
      defaultLoginType: "LOCAL",
      allowedLoginTypes: ["LOCAL"],
      localLoginEnabled: true,
      ssoLoginEnabled: false,
      requireMfa: false,
    });
    expect(await ask("/auth/idp")).toMatchObject({ ...isSuccess, data: [] });
  });

  test.each(DEV_USERS)("$user of tenant $tenant logs in and is told who it is", async (user) => {
    const { data, ...rest } = await login(user.user, user.tenant);
    expect(rest).toMatchObject(isSuccess);
    expect(data).toMatchObject({ tokenType: "Bearer", userId: user.user, tenantId: user.tenant });
    // As the client takes it out of the token.
    const claims = JSON.parse(atob(data.accessToken.split(".")[1]));
    expect(claims).toMatchObject({ sub: user.user, tenant_id: user.tenant });

    const mine = { token: data.accessToken, tenant: user.tenant };
    expect((await ask("/auth/me", mine)).data).toEqual({
      id: user.user,
      userId: user.user,
      username: user.user,
      displayName: user.user,
      email: user.email,
      tenantId: Number(user.tenant),
      roles: [user.role],
    });
    const permissions = (await ask("/auth/permissions", mine)).data;
    expect(permissions).toEqual(data.permissions);
    expect(permissions).toContainEqual({
      resourceType: "MENU",
      resourceKey: "menu.ai-workspace",
      resourceName: "AI 워크스페이스",
      permissionCode: "VIEW",
      permissionName: "조회",
      effect: "ALLOW",
    });
    const tree = (await ask("/auth/menus/tree", mine)).data;
    expect(tree.menus).toEqual(data.menus);
    expect(tree.menus.map(({ menuKey, path }: any) => [menuKey, path])).toEqual([
      ["menu.dashboard", "/"],
      ["menu.ai-workspace", "/ai-workspace"],
    ]);
    expect(tree.groups).toEqual([{ groupCode: "APPS", groupName: "앱", menus: tree.menus }]);
    const { data: english } = await ask("/auth/menus/tree", { ...mine, language: "en-US" });
    expect(english.menus.map(({ menuName }: any) => menuName)).toEqual(["Dashboard", "AI workspace"]);
  });

  test("a wrong password, an unknown user, another tenant's user: 401", async () => {
    for (const [user, tenant, password] of [
      ["user123", "1", "wrong"],
      ["nobody", "1", "password"],
      ["user456", "1", "password"],
      ["user123", "2", "password"],
    ] as const) {
      expect(await login(user, tenant, password)).toMatchObject({ status: "ERROR", errorCode: "E2000" });
    }
  });

  test.each(["/auth/me", "/auth/permissions", "/auth/menus/tree"])(
    "%s is of whoever the token names: nobody is 401, another tenant 403, a stranger has nothing",
    async (path) => {
      const token = await tokenOf();
      expect(await ask(path)).toMatchObject({ errorCode: "E2000" });
      expect(await ask(path, { token: `${token.slice(0, -4)}AAAA` })).toMatchObject({ errorCode: "E2003" });
      expect(await ask(path, { token, tenant: "2" })).toMatchObject({ errorCode: "E2007" });
      const stranger = await ask(path, { token: await tokenOf({ user: "stranger", tenant: "1" }) });
      if (path === "/auth/me") expect(stranger).toMatchObject({ errorCode: "E1004" });
      else if (path === "/auth/permissions") expect(stranger.data).toEqual([]);
      else expect(stranger.data).toEqual({ menus: [], groups: [] });
    },
  );

  const view = { path: "/ai-workspace", menuKey: "menu.ai.workspace", title: "AI", visitorId: "v" };
  const event = {
    resourceKey: "menu.ai-workspace",
    action: "CLICK",
    eventType: "click",
    userId: null,
    metadata: { a: [1] },
  };
  test.each([
    ["/monitoring/page-view", view, { ...view, path: "" }],
    ["/monitoring/event", event, { ...event, resourceKey: undefined }],
  ])("%s is accepted, logged in or not", async (path, body, bad) => {
    const accepted = { ...isSuccess, data: { accepted: true } };
    expect(await ask(path, { body })).toMatchObject(accepted);
    expect(await ask(path, { body, token: await tokenOf() })).toMatchObject(accepted);
    expect(await ask(path, { body: bad })).toMatchObject({ errorCode: "E4000" });
  });

  test.each([
    ["/auth/policy", undefined],
    ["/auth/idp", undefined],
    ["/monitoring/page-view", view],
    ["/monitoring/event", event],
  ])("%s needs a tenant, and one that is a whole number", async (path, body) => {
    expect(await ask(path, { body, tenant: null })).toMatchObject({ status: "ERROR", errorCode: "E2006" });
    expect(await ask(path, { body, tenant: "tenant1" })).toMatchObject({ errorCode: "E4000" });
  });

  test("the dashboard: Main Service is well; without a tenant the Gateway says nothing but 400", async () => {
    const health = await ask("/main/health");
    expect(health).toMatchObject({ ...isSuccess, data: "Main Service is running" });
    expect(await ask("/main/health", { tenant: null })).toEqual({ status: 400, text: "" });
  });
});
