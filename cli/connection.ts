import type { Connection } from "@aura-platform/client/connection.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { UsageFailure } from "./failure.ts";

export const DEFAULT_URL = "http://localhost:8080/api";

/** How to get a token; said wherever one is missing or no good. */
export const TOKEN_ADVICE =
  "export AURA_TOKEN=$(npm run --silent token -- --tenant 1 --user user123), or --token";

/** Options of the command line that say the same as the environment, and win. */
export interface ConnectionOptions {
  url?: string | undefined;
  token?: string | undefined;
  lang?: Language | undefined;
}

/**
 * What can be a header's value, as UTF-8: no control characters, and no blanks around it, which HTTP takes
 * away.
 */
const claim = z
  .string()
  .refine((text) => text !== "" && text === text.trim() && text.isWellFormed() && !/\p{Cc}/u.test(text));

const claims = z.object({
  sub: claim,
  tenant_id: z.union([claim, z.number().transform(String)]),
});

/**
 * The connection of the options and the environment (AURA_URL, AURA_TOKEN, LANG); empty values count as
 * missing. The token is read, not verified: that is the service's business. Throws UsageFailure for an
 * address or a token that cannot work.
 */
export function readConnection(options: ConnectionOptions, env: NodeJS.ProcessEnv): Connection {
  const url = readUrl(given(options.url) ?? given(env.AURA_URL) ?? DEFAULT_URL);
  const token = given(options.token) ?? given(env.AURA_TOKEN);
  if (token === undefined) throw new UsageFailure(`no token: ${TOKEN_ADVICE}`);
  const { sub, tenant_id } = readClaims(token);
  const language = options.lang ?? (env.LANG?.toLowerCase().startsWith("ko") ? "ko" : "en");
  return { url, token, tenantId: tenant_id, userId: sub, language };
}

function readUrl(text: string): string {
  const parsed = z.url({ protocol: /^https?$/ }).safeParse(text);
  const url = parsed.success ? new URL(parsed.data) : null;
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageFailure(
      `AURA_URL must be an http(s) address like ${DEFAULT_URL}, to which /aura/... is appended`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function readClaims(token: string): z.output<typeof claims> {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token)?.[1];
  const parsed = claims.safeParse(payload === undefined ? undefined : decode(payload));
  if (parsed.success) return parsed.data;
  throw new UsageFailure(`the token is not a DWP token (a JWT with sub and tenant_id): ${TOKEN_ADVICE}`);
}

function decode(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    // Whatever this is, it is not a token; the caller says so.
    return undefined;
  }
}

function given(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === "" ? undefined : text;
}
