import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { signToken } from "../../devstack/jwt.ts";
import { demoBench, descendants, isAlive, listening } from "../devstack/demo-process.ts";
import { startRedis } from "../helpers/redis.ts";

let bench: ReturnType<typeof demoBench>;
beforeEach(() => {
  bench = demoBench();
});
afterEach(() => bench.clear());

describe("npm run demo", () => {
  test("starts everything, says so in one line, and stops everything on SIGTERM", async () => {
    const demo = bench.start();
    const url = await demo.ready();
    expect(url).toMatch(/^http:\/\/localhost:\d+$/);

    const page = await (await fetch(url)).text();
    for (const name of ["Gateway", "Aura-Platform", "Main Service", "Auth Server", "Mailbox", "redis-cli"]) {
      expect(page).toContain(name);
    }
    expect(page).toContain("demo (scripted, offline)");
    await expect
      .poll(async () => (await fetch(url)).text())
      .toContain("Search of events: by words and meaning (hashing-v2)");
    expect(page).not.toContain("<script");

    const smtp = /smtp:\/\/127\.0\.0\.1:\d+/.exec(page)?.[0];
    await createTransport(smtp).sendMail({ from: "a@x.test", to: "b@x.test", subject: "hello" });
    expect(await (await fetch(`${url}/dev/mailbox`)).json()).toMatchObject({ items: [{ subject: "hello" }] });

    const login = await fetch(`${url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "user123", password: "password", tenantId: "1" }),
    });
    const { data } = (await login.json()) as { data: { accessToken: string } };
    const headers = { authorization: `Bearer ${data.accessToken}`, "x-tenant-id": "1" };
    const request = await fetch(`${url}/api/aura/hitl/requests/unknown`, { headers });
    expect(await request.json()).toMatchObject({ errorCode: "E1004" });
    expect(statSync(join(bench.dir, "data", "jwt-secret")).mode & 0o777).toBe(0o600);
    expect(existsSync(join(bench.dir, "data", "redis", "appendonlydir"))).toBe(true);

    const children = descendants(demo.child.pid!);
    expect(children.length).toBeGreaterThan(0);
    demo.child.kill("SIGTERM");
    expect(await demo.closed).toMatchObject({ code: 0, signal: null, stdout: `ready ${url}\n` });
    expect(children.filter(isAlive)).toEqual([]);
    expect(existsSync(join(bench.dir, "data", "demo.pid"))).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
  });

  test("the gateway looks for Aura at AURA_PLATFORM_URI", async () => {
    const elsewhere = createServer((_request, response) => response.end("elsewhere")).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    const uri = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    try {
      const url = await bench.start({ PATH: bench.dir, AURA_PLATFORM_URI: uri }).ready();
      expect(await (await fetch(url)).text()).toContain(uri);
      const answer = await fetch(`${url}/api/aura/x`, { headers: { "x-tenant-id": "1" } });
      expect(await answer.text()).toBe("elsewhere");
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
  });

  test("without a Redis binary everything shares one process; Ctrl-C ends it", async () => {
    const demo = bench.start({ PATH: bench.dir, JWT_SECRET: "a secret of at least thirty-two bytes" });
    const url = await demo.ready();
    expect(await (await fetch(url)).text()).toContain("embedded");
    const token = await signToken(
      "a secret of at least thirty-two bytes",
      { user: "user123", tenant: "1", email: "", role: "user" },
      60,
    );
    const headers = { authorization: `Bearer ${token}`, "x-tenant-id": "1" };
    expect((await fetch(`${url}/api/aura/hitl/signals/s1`, { headers })).status).toBe(200);
    expect(existsSync(join(bench.dir, "data", "jwt-secret"))).toBe(false);
    expect(descendants(demo.child.pid!)).toEqual([]);
    demo.child.kill("SIGINT");
    expect(await demo.closed).toMatchObject({ code: 0, signal: null, stdout: `ready ${url}\n` });
  });

  test("uses the Redis of REDIS_HOST and leaves it running", async () => {
    const redis = await startRedis();
    try {
      const demo = bench.start({ REDIS_HOST: redis.host, REDIS_PORT: String(redis.port) });
      const url = await demo.ready();
      expect(await (await fetch(url)).text()).toContain(`Redis ${redis.host}:${redis.port} (REDIS_HOST)`);
      expect(descendants(demo.child.pid!)).toEqual([]);
      demo.child.kill("SIGTERM");
      expect(await demo.closed).toMatchObject({ code: 0 });
      expect(await redis.client().ping()).toBe("PONG");
    } finally {
      await redis.stop();
    }
  });

  test("its Redis does not outlive it, even when it is killed", async () => {
    const demo = bench.start();
    await demo.ready();
    const children = descendants(demo.child.pid!);
    demo.child.kill("SIGKILL");
    await demo.closed;
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
    // What it left behind does not stand in the way of the next one.
    const next = bench.start();
    await next.ready();
  });

  test("goes on when nobody reads its output any more", async () => {
    const demo = bench.start({ PATH: bench.dir });
    const url = await demo.ready();
    demo.child.stdout.destroy();
    demo.child.stderr.destroy();
    // Aura logs this request.
    const refused = await fetch(`${url}/api/aura/test/stream`, { headers: { "x-tenant-id": "1" } });
    expect(refused.status).toBe(401);
    demo.child.kill("SIGTERM");
    expect(await once(demo.child, "exit")).toEqual([0, null]);
  });
});

describe("npm run demo ends with one clear line and a failure", () => {
  const failsWith = async (env: NodeJS.ProcessEnv, line: RegExp) => {
    const { code, stdout, stderr } = await bench.start(env).closed;
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr
      .trim()
      .split("\n")
      .filter((entry) => !entry.startsWith("{") && !entry.startsWith("(node:"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(line);
    return stderr;
  };

  test.each(["GATEWAY_PORT", "AURA_PORT", "MAIN_PORT", "AUTH_PORT", "SMTP_PORT"])(
    "when the port of %s is taken",
    async (name) => {
      const { server, port } = await listening();
      try {
        const stderr = await failsWith(
          { [name]: String(port) },
          new RegExp(`port ${port} \\(${name}\\) is taken`),
        );
        expect(stderr.trim().split("\n")).toHaveLength(1);
        expect(existsSync(join(bench.dir, "data", "demo.pid"))).toBe(false);
      } finally {
        server.close();
      }
    },
  );

  test("when two services are given one port: what had started is stopped", async () => {
    const { server, port } = await listening();
    server.close();
    await once(server, "close");
    const same = { AUTH_PORT: String(port), GATEWAY_PORT: String(port) };
    const stderr = await failsWith(same, new RegExp(`port ${port} \\(GATEWAY_PORT\\) is taken`));
    const redisPort = /redis-cli -h 127\.0\.0\.1 -p (\d+)/.exec(stderr)?.[1];
    expect(redisPort).toBeDefined();
    const again = createTcpServer().listen(Number(redisPort), "127.0.0.1");
    await once(again, "listening");
    again.close();
  });

  test("when another demo uses the data directory", async () => {
    const first = bench.start({ PATH: bench.dir });
    await first.ready();
    await failsWith({ PATH: bench.dir }, new RegExp(`in use by process ${first.child.pid}`));
  });

  test("when REDIS_HOST does not answer", async () => {
    const { server, port } = await listening();
    server.close();
    await once(server, "close");
    await failsWith(
      { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(port) },
      new RegExp(`^REDIS_HOST 127\\.0\\.0\\.1:${port} does not answer`),
    );
  });

  test("when the Redis binary does not start", async () => {
    const bin = join(bench.dir, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "redis-server"), "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n", { mode: 0o755 });
    await failsWith({ PATH: `${bin}:${process.env.PATH}` }, /redis-server does not start: no such luck$/);
  });

  test.each([
    [{ GATEWAY_PORT: "eighty" }, /^GATEWAY_PORT must be a port number/],
    [{ JWT_SECRET: "short" }, /^JWT_SECRET must be at least 32 bytes/],
    [{ AURA_PLATFORM_URI: "localhost:8000" }, /^AURA_PLATFORM_URI must be an http\(s\) URL/],
    [{ SMTP_URL: "mail" }, /^SMTP_URL must be/],
    [{ AURA_BACKEND: "redis", PATH: "" }, /^AURA_BACKEND is redis, but/],
    [{ AURA_DATA_DIR: "/dev/null/x" }, /^AURA_DATA_DIR \/dev\/null\/x cannot be written/],
  ])("when the environment says %j", async (env, line) => {
    await failsWith(env, line);
  });
});
