import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { JWT_SECRET } from "../helpers/stack.ts";
import type { Attack } from "./attack.ts";
import { tokenOf } from "./target.ts";

const nowS = () => Math.floor(Date.now() / 1000);
const CLAIMS = { sub: "user123", tenant_id: "1", email: "user@dwp.com", role: "user" };
const key = (text = JWT_SECRET) => new TextEncoder().encode(text);
const signed = (
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  secret = JWT_SECRET,
) =>
  new SignJWT({ exp: nowS() + 600, iat: nowS(), ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: "HS256", ...header })
    .sign(key(secret));

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signed rightly, whatever it is: jose would refuse to make some of these. */
function raw(header: unknown, payload: unknown): string {
  const text = `${base64(header)}.${base64(payload)}`;
  return `${text}.${createHmac("sha256", JWT_SECRET).update(text).digest("base64url")}`;
}

/** Sent straight to the service: it must not rely on the Gateway. */
function refused(name: string, make: () => string | Promise<string>, code = "E2003"): Attack {
  return {
    area: "tokens",
    name,
    async run(target) {
      const headers = { authorization: `Bearer ${await make()}` };
      const { status, json } = await target.ask("GET", "/threads", { direct: true, headers });
      assert.deepEqual([status, json?.errorCode], [401, code]);
    },
  };
}

/** Requests whose token is good and whose other headers lie. */
function mismatched(name: string, headers: Record<string, string>, status: number, code: string): Attack {
  return {
    area: "tokens",
    name,
    async run(target) {
      const answer = await target.ask("GET", "/threads", { direct: true, headers });
      assert.deepEqual([answer.status, answer.json?.errorCode], [status, code]);
    },
  };
}

export const tokens: Attack[] = [
  refused("algorithm none", () => new UnsecuredJWT({ ...CLAIMS, exp: nowS() + 60 }).encode()),
  refused("algorithm none in capitals, with a signature", () =>
    raw({ alg: "NONE" }, { ...CLAIMS, exp: nowS() + 60 }),
  ),
  refused("signed with a key pair of one's own", () =>
    new SignJWT({ ...CLAIMS, exp: nowS() + 60 })
      .setProtectedHeader({ alg: "RS256" })
      .sign(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
  ),
  refused("a key that the token itself names", () =>
    signed({}, { jku: "http://127.0.0.1/keys", kid: "../../dev/null" }, "x".repeat(32)),
  ),
  refused("another secret", () => signed({}, {}, "y".repeat(64))),
  refused("the signature of another token", async () => {
    const [head, , signature] = (await tokenOf()).split(".");
    return `${head}.${base64({ ...CLAIMS, sub: "admin", exp: nowS() + 600 })}.${signature}`;
  }),
  refused("no signature", async () => (await tokenOf()).split(".").slice(0, 2).join(".")),
  refused("an unknown critical header", () =>
    raw({ alg: "HS256", crit: ["x"], x: 1 }, { ...CLAIMS, exp: nowS() + 60 }),
  ),
  refused("no end", () => raw({ alg: "HS256" }, CLAIMS)),
  refused("an end beyond all calendars", () => signed({ exp: 1e300 })),
  refused("an end in milliseconds", () => signed({ exp: Date.now() })),
  refused("issued in the future", () => signed({ iat: nowS() + 3_600 })),
  refused("over since a minute", () => signed({ exp: nowS() - 60 }), "E2002"),
  refused("a user that is blank", () => signed({ sub: "   " })),
  refused("a user that is a list", () =>
    raw({ alg: "HS256" }, { ...CLAIMS, sub: ["user123"], exp: nowS() + 60 }),
  ),
  refused("a tenant that is an object", () => signed({ tenant_id: { toString: "1" } })),
  refused("claims that are a list", () => raw({ alg: "HS256" }, [CLAIMS])),
  mismatched("a tenant header that is not the token's", { "x-tenant-id": "2" }, 403, "E2007"),
  mismatched("a tenant header twice", { "x-tenant-id": "1, 2" }, 403, "E2007"),
  mismatched("a user header that is not the token's", { "x-user-id": "admin" }, 403, "E2001"),
  {
    area: "tokens",
    name: "the token in the address instead of the header",
    async run(target) {
      const token = await tokenOf();
      const answer = await fetch(`${target.aura}/aura/threads?token=${token}&access_token=${token}`);
      assert.equal(answer.status, 401);
    },
  },
  {
    area: "tokens",
    name: "a user who says that he is a service",
    async run(target) {
      const { status, json } = await target.ask("POST", "/events", {
        direct: true,
        headers: { "x-dwp-source": "INTERNAL", "x-role": "service" },
        body: {
          eventId: "e",
          eventType: "MailSentEvent",
          tenantId: "1",
          userId: "user123",
          timestamp: nowS(),
        },
      });
      assert.deepEqual([status, json?.errorCode], [403, "E2001"]);
    },
  },
];
