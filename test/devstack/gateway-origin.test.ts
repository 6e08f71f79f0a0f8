import { afterEach, describe, expect, test } from "vitest";
import { closeAll, gateway, tenant, upstream } from "./gateway-fixture.ts";

afterEach(closeAll);

const WEB_CLIENT = { origin: "http://localhost:4200" };

describe("[R8.21] CORS for http://localhost:4200", () => {
  test("its preflight is answered without a tenant, for every method and header, with credentials", async () => {
    const base = await gateway();
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const { status, headers } = await fetch(`${base}/api/aura/test/stream`, {
        method: "OPTIONS",
        headers: {
          ...WEB_CLIENT,
          "access-control-request-method": method,
          "access-control-request-headers": "authorization,x-tenant-id,last-event-id,x-anything",
        },
      });
      expect(status).toBe(204);
      expect(headers.get("access-control-allow-origin")).toBe(WEB_CLIENT.origin);
      expect(headers.get("access-control-allow-credentials")).toBe("true");
      expect(headers.get("access-control-allow-methods")).toContain(method);
      expect(headers.get("access-control-allow-headers")).toContain("x-anything");
    }
  });

  test("it reads answers and refusals, but none of our headers: the real Gateway exposes none", async () => {
    const base = await gateway();
    for (const headers of [{ ...tenant, ...WEB_CLIENT }, WEB_CLIENT]) {
      const response = await fetch(`${base}/api/aura/x`, { headers });
      expect(response.headers.get("access-control-allow-origin")).toBe(WEB_CLIENT.origin);
      expect(response.headers.get("access-control-expose-headers")).toBeNull();
    }
  });

  test.each([
    "http://evil.example",
    "http://localhost:4201",
    "https://localhost:4200",
    "http://localhost:4200.evil.example",
    "null",
  ])("a page of %s is refused, and its request goes nowhere", async (origin) => {
    let calls = 0;
    const auraUrl = await upstream((_request, response) => {
      calls += 1;
      response.end();
    });
    const base = await gateway({ auraUrl });
    for (const init of [
      { method: "POST", headers: { ...tenant, origin } },
      { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } },
    ]) {
      const response = await fetch(`${base}/api/aura/x`, init);
      expect([response.status, await response.text()]).toEqual([403, ""]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(calls).toBe(0);
  });

  test("a page of the Gateway's own, and a request of no page, are let in", async () => {
    const base = await gateway();
    expect((await fetch(`${base}/api/aura/x`, { headers: { ...tenant, origin: base } })).status).toBe(200);
    expect((await fetch(`${base}/api/aura/x`, { headers: tenant })).status).toBe(200);
  });
});
