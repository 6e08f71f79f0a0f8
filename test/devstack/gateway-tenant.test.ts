import { SignJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll, echoed, gateway } from "./gateway-fixture.ts";

afterEach(closeAll);

const token = (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("user123")
    .sign(new TextEncoder().encode("whoever asks the service will see to the signature"));

describe("[R8.20] a request without X-Tenant-ID", () => {
  test.each([
    "/api/aura/test/stream",
    "/api/aura/hitl/requests/r1",
    "/api/main/health",
    "/api/auth/me",
    "/api/auth/permissions",
    "/api/auth/menus/tree",
    "/api/monitoring/else",
    "/api/nothing",
  ])("is 400 with an empty body: %s", async (path) => {
    const base = await gateway();
    for (const headers of [{}, { "x-tenant-id": "" }, { "x-tenant-id": "  " }]) {
      const response = await fetch(base + path, { headers });
      expect([response.status, await response.text()]).toEqual([400, ""]);
      expect(response.headers.get("content-type")).toBeNull();
    }
  });

  test.each([
    "/api/auth/login",
    "/api/auth/policy",
    "/api/auth/idp",
    "/api/monitoring/page-view",
    "/api/monitoring/event",
  ])("passes to %s, which is asked before anybody has logged in", async (path) => {
    const base = await gateway();
    expect((await echoed(fetch(base + path, { method: "POST" }))).name).toBe("auth");
  });
});

describe("[R8.22] an X-Tenant-ID that is no number", () => {
  test.each([
    ["tenant1", "7"],
    ["tenant1", 7],
    ["1x", "7"],
    ["-1", "7"],
    ["1.0", "7"],
    ["１", "7"],
  ])("%j becomes the token's, %j, for Aura and for the HITL API", async (sent, tenant_id) => {
    const base = await gateway();
    const authorization = `Bearer ${await token({ tenant_id })}`;
    // As bytes of UTF-8: fetch takes no other character in a header.
    const headers = { authorization, "x-tenant-id": Buffer.from(sent).toString("latin1") };
    for (const path of ["/api/aura/test/stream", "/api/aura/hitl/requests/r1"]) {
      expect((await echoed(fetch(base + path, { headers }))).headers["x-tenant-id"]).toBe("7");
    }
  });

  test("is refused when the token's is none either: 400, and not in the envelope", async () => {
    const base = await gateway();
    const bearers = [
      `Bearer ${await token({ tenant_id: "tenant1" })}`,
      `Bearer ${await token({ tenant_id: "" })}`,
      `Bearer ${await token({ tenant_id: null })}`,
      `Bearer ${await token({ tenant_id: { id: 7 } })}`,
      `Bearer ${await token({ tenant_id: -7 })}`,
      `Bearer ${await token({})}`,
      "Bearer a.b.c",
      "Bearer bm8=.bm8=",
      "Bearer ",
      "Basic dXNlcjpwYXNzd29yZA==",
    ];
    for (const authorization of bearers) {
      const headers = { authorization, "x-tenant-id": "tenant1" };
      const response = await fetch(`${base}/api/aura/test/stream`, { method: "POST", headers });
      expect(response.status).toBe(400);
      expect(Object.keys((await response.json()) as object)).toEqual(["error"]);
    }
    const { status } = await fetch(`${base}/api/aura/x`, { headers: { "x-tenant-id": "tenant1" } });
    expect(status).toBe(400);
  });

  test("a number passes as it is, whatever the token says; elsewhere every tenant does", async () => {
    const base = await gateway();
    const authorization = `Bearer ${await token({ tenant_id: "7" })}`;
    const of = async (path: string, tenant: string) =>
      (await echoed(fetch(base + path, { headers: { authorization, "x-tenant-id": tenant } }))).headers[
        "x-tenant-id"
      ];
    expect(await of("/api/aura/x", "2")).toBe("2");
    expect(await of("/api/aura/x", "007")).toBe("007");
    expect(await of("/api/main/x", "tenant1")).toBe("tenant1");
    expect(await of("/api/auth/x", "tenant1")).toBe("tenant1");
  });
});
