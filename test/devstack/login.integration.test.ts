import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuthServer } from "../../devstack/auth-server.ts";
import { DEV_PASSWORD, DEV_USERS } from "../../devstack/users.ts";

const secret = "a secret of at least thirty-two bytes";
const claimsOf = async (token: string, key = secret) =>
  (await jwtVerify(token, new TextEncoder().encode(key), { algorithms: ["HS256"] })).payload;

describe("POST /auth/login", () => {
  const login = async (payload: object) => {
    const app = createAuthServer({ jwtSecret: secret, expiresInS: 600 });
    const response = await app.inject({ method: "POST", url: "/auth/login", payload });
    await app.close();
    return { status: response.statusCode, body: response.json() };
  };

  test.each(DEV_USERS)(
    "$user of $tenant gets the contract's claims",
    async ({ user, tenant, role, email }) => {
      const { status, body } = await login({ username: user, password: DEV_PASSWORD, tenantId: tenant });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        status: "SUCCESS",
        success: true,
        data: { tokenType: "Bearer", expiresIn: 600 },
      });
      const claims = await claimsOf(body.data.accessToken);
      expect(claims).toMatchObject({ sub: user, tenant_id: tenant, role, email });
      expect(Number.isInteger(claims.exp) && Number.isInteger(claims.iat)).toBe(true);
      expect(claims.exp).toBe((claims.iat ?? 0) + 600);
    },
  );

  test("there are two tenants and three users", () => {
    expect(DEV_USERS).toHaveLength(3);
    expect(new Set(DEV_USERS.map(({ tenant }) => tenant)).size).toBe(2);
  });

  test.each([
    [{ username: "user123", password: "wrong", tenantId: "1" }, 401, "E2000"],
    [{ username: "user123", password: DEV_PASSWORD, tenantId: "2" }, 401, "E2000"],
    [{ username: "nobody", password: DEV_PASSWORD, tenantId: "1" }, 401, "E2000"],
    [{ username: "user123", password: DEV_PASSWORD }, 400, "E4000"],
    [{ username: 5, password: DEV_PASSWORD, tenantId: "1" }, 400, "E4000"],
  ])("%j is %d %s", async (payload, status, errorCode) => {
    expect(await login(payload)).toMatchObject({
      status,
      body: { status: "ERROR", success: false, errorCode },
    });
  });
});

describe("the token command", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "aura-token-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: number | string; stdout: string; stderr: string }>((done) => {
      const merged = { ...process.env, JWT_SECRET: "", AURA_DATA_DIR: dir, ...env };
      execFile(process.execPath, ["devstack/token.ts", ...args], { env: merged }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  const user = ["--tenant", "1", "--user", "user123"];

  test("prints one token, signed with JWT_SECRET", async () => {
    const { code, stdout, stderr } = await run([...user, "--role", "admin", "--expires", "60"], {
      JWT_SECRET: secret,
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^\S+\n$/);
    expect(decodeProtectedHeader(stdout.trim()).alg).toBe("HS256");
    const claims = await claimsOf(stdout.trim());
    expect(claims).toMatchObject({
      sub: "user123",
      tenant_id: "1",
      role: "admin",
      email: "user123@dwp.com",
    });
    expect(claims.exp).toBe((claims.iat ?? 0) + 60);
  });

  test("without JWT_SECRET makes the data directory's secret once, readable by its owner only", async () => {
    const inside = join(dir, "new");
    const tokens = await Promise.all([1, 2, 3].map(() => run(user, { AURA_DATA_DIR: inside })));
    expect(tokens.map(({ code }) => code)).toEqual([0, 0, 0]);
    const file = join(inside, "jwt-secret");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = readFileSync(file, "utf8");
    expect(Buffer.byteLength(made)).toBeGreaterThanOrEqual(32);
    for (const { stdout } of tokens) {
      expect(await claimsOf(stdout.trim(), made)).toMatchObject({ sub: "user123", role: "user" });
    }
    expect((await run(user, { AURA_DATA_DIR: inside })).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(made);
  });

  test.each([
    [[], "--tenant and --user are required"],
    [["--tenant", "1"], "--tenant and --user are required"],
    [[...["--tenant", ""], "--user", "user123"], "--tenant and --user are required"],
    [["--tenant", "1", "--user", "user123", "--expires", "soon"], "--expires must be"],
    [["--tenant", "1", "--user", "user123", "--expires", "0"], "--expires must be"],
    [["--tenant", "1", "--user", "user123", "--colour", "red"], "--colour"],
    [["--tenant", "1", "--user", "user123", "extra"], "extra"],
    [["--tenant"], "--tenant"],
  ])("%j: one clear line and exit 1", async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^[^\n]+usage: npm run --silent token[^\n]+\n$/);
  });

  test("reads .env of the current directory", async () => {
    writeFileSync(join(dir, ".env"), `JWT_SECRET="${secret}"\n`);
    const { JWT_SECRET: _unset, ...env } = process.env;
    const stdout = await new Promise<string>((done) => {
      execFile(process.execPath, [resolve("devstack/token.ts"), ...user], { cwd: dir, env }, (_error, out) =>
        done(out),
      );
    });
    expect(await claimsOf(stdout.trim())).toMatchObject({ sub: "user123" });
  });

  test("a secret that is too short, and a directory that cannot be made, are one clear line", async () => {
    const short = await run(user, { JWT_SECRET: "short" });
    expect(short).toMatchObject({ code: 1, stdout: "" });
    expect(short.stderr).toMatch(/^JWT_SECRET must be at least 32 bytes[^\n]*\n$/);
    writeFileSync(join(dir, "file"), "");
    const blocked = await run(user, { AURA_DATA_DIR: join(dir, "file", "sub") });
    expect(blocked).toMatchObject({ code: 1, stdout: "" });
    expect(blocked.stderr).toMatch(/^AURA_DATA_DIR [^\n]+ cannot be written[^\n]*\n$/);
  });
});
