import { expect, test } from "vitest";
import { type ConnectionOptions, readConnection } from "../../cli/connection.ts";
import { CommandFailure } from "../../cli/failure.ts";
import { tokenOf } from "./cli.ts";

const token = await tokenOf();

const refused = (options: ConnectionOptions, env: NodeJS.ProcessEnv = {}): CommandFailure => {
  try {
    readConnection(options, env);
  } catch (error) {
    if (error instanceof CommandFailure) return error;
    throw error;
  }
  throw new Error("it was accepted");
};

test("who asks is in the token, options win over the environment, and blanks count as missing", () => {
  const env = { AURA_URL: "http://gateway:8080/api/", AURA_TOKEN: ` ${token}\n`, LANG: "ko_KR.UTF-8" };
  const asked = { url: "http://gateway:8080/api", token, tenantId: "1", userId: "user123" };
  expect(readConnection({}, env)).toEqual({ ...asked, language: "ko" });
  expect(readConnection({ url: "http://127.0.0.1:9000", lang: "en" }, env)).toMatchObject({
    url: "http://127.0.0.1:9000",
    language: "en",
  });
  expect(readConnection({ token }, { AURA_URL: " ", AURA_TOKEN: "", LANG: "C" })).toEqual({
    ...asked,
    url: "http://localhost:8080/api",
    language: "en",
  });
});

test("a token that is missing or cannot work says how to get one: wrong usage", () => {
  const unsigned = (claims: object) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
  expect(refused({}).message).toMatch(/^no token: export AURA_TOKEN=\$\(npm run --silent token/);
  for (const bad of [
    "> aura-platform@0.1.0 token\n> node devstack/token.ts",
    "a.b.c",
    "e30.bm90IGpzb24.c2ln",
    unsigned({ sub: "user123" }),
    // What cannot be a header's value.
    unsigned({ sub: "user\r\nX-Evil: 1", tenant_id: "1" }),
    unsigned({ sub: "\ud800", tenant_id: "1" }),
    unsigned({ sub: " user123", tenant_id: "1" }),
  ]) {
    const { message, exitCode } = refused({ token: bad });
    expect(message).toMatch(/not a DWP token .*npm run --silent token -- /);
    expect(exitCode).toBe(2);
  }
  expect(readConnection({ token: unsigned({ sub: "u", tenant_id: 7 }) }, {}).tenantId).toBe("7");
  const korean = readConnection({ token: unsigned({ sub: "사용자", tenant_id: "한국 지사" }) }, {});
  expect(korean).toMatchObject({ userId: "사용자", tenantId: "한국 지사" });
});

test("an address is http(s), and nothing more than the place to which /aura/... is appended", () => {
  for (const url of ["localhost:9000", "ftp://x", "http://a:b@x", "http://x/?a=1", "http://x/#a", "x"]) {
    expect(refused({ url, token })).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^AURA_URL/),
    });
  }
});
