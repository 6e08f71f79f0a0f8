import { readFileSync } from "node:fs";
import { z } from "zod";
import { decodeText, NO_TEXT } from "../../encoding/decode-text.ts";

/** One Model Context Protocol server as the operator configured it. */
export interface McpServer {
  /** The first part of its tools' names: `name__tool`. */
  readonly name: string;
  readonly reach:
    | {
        readonly kind: "stdio";
        readonly command: string;
        readonly args: readonly string[];
        readonly env: Readonly<Record<string, string>>;
        readonly cwd: string | undefined;
      }
    | { readonly kind: "http"; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** Whether what the server says of its tools (read-only, idempotent) is believed. */
  readonly trust: boolean;
  /** Per tool of the server, over what follows from `trust`. */
  readonly approval: ReadonlyMap<string, "never" | "always">;
  /** The tools that are taken, by the server's names; all when undefined. */
  readonly tools: readonly string[] | undefined;
  /** How long a call of a tool may take. */
  readonly timeoutMs: number;
  /** How long it may take until the server answers for the first time. */
  readonly connectTimeoutMs: number;
}

/**
 * Single underscores between other characters only: then the first `__` of a tool's name ends its server's,
 * and two servers can never make the same name.
 */
const SERVER_NAME = /^[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*$/;
const MAX_SERVER_NAME = 24;

/** A program may have to be downloaded first (`npx -y`), in ms. */
const PROGRAM_START_MS = 120_000;
const CONNECT_MS = 30_000;

const texts = z.record(z.string(), z.string());

const entry = z
  .strictObject({
    command: z.string().min(1).optional(),
    args: z.array(z.string()).optional(),
    env: texts.optional(),
    cwd: z.string().min(1).optional(),
    url: z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }).optional(),
    headers: texts.refine(isHeaders, { error: "holds what HTTP does not allow in a header" }).optional(),
    trust: z.boolean().default(false),
    approval: z.record(z.string(), z.enum(["never", "always"])).default({}),
    tools: z.array(z.string().min(1)).optional(),
    timeoutMs: z.number().int().min(100).max(3_600_000).default(60_000),
    connectTimeoutMs: z.number().int().min(100).max(3_600_000).optional(),
  })
  .superRefine(({ command, args, env, cwd, url, headers }, context) => {
    if ((command === undefined) === (url === undefined)) context.addIssue('needs either "command" or "url"');
    else if (command === undefined && (args ?? env ?? cwd) !== undefined) {
      context.addIssue('"args", "env" and "cwd" belong to "command"');
    } else if (url === undefined && headers !== undefined) context.addIssue('"headers" belong to "url"');
    if (url !== undefined && hasCredentials(url)) {
      context.addIssue('"url" must not hold a user or a password: use "headers"');
    }
  });

/**
 * AURA_MCP_SERVERS: JSON text, or the path of a file that holds it. Every problem is an issue of its own;
 * none quotes a value, because values are secrets here.
 */
export const mcpServers = z.string().transform((value, context): readonly McpServer[] => {
  const fail = (problem: string) => {
    context.addIssue(problem);
    return z.NEVER;
  };
  // Without blanks, and a byte order mark is one of them.
  const given = value.trim();
  const isText = given.startsWith("{");
  const text = isText ? given : readText(given);
  if (text === undefined) return fail("is neither a JSON object nor the path of a file that can be read");
  // There is such a file, so its name is no secret.
  if (text === null) return fail(`names ${given}, which is ${NO_TEXT}`);
  const json = parse(text);
  if (!isObject(json))
    return fail(isText ? "is not a JSON object" : "names a file that holds no JSON object");
  return Object.entries(json).flatMap(([name, value]) => {
    if (!SERVER_NAME.test(name) || name.length > MAX_SERVER_NAME) {
      fail(
        `${JSON.stringify(name)}: a server's name has up to ${MAX_SERVER_NAME} of A-Z a-z 0-9 - and single _ between them`,
      );
    }
    const parsed = entry.safeParse(value);
    if (parsed.success) return [toServer(name, parsed.data)];
    for (const { path, message } of parsed.error.issues) fail(`${[name, ...path].join(".")}: ${message}`);
    return [];
  });
});

function toServer(name: string, value: z.output<typeof entry>): McpServer {
  const {
    command,
    args = [],
    env = {},
    cwd,
    url = "",
    headers = {},
    trust,
    approval,
    tools,
    timeoutMs,
    connectTimeoutMs = command === undefined ? CONNECT_MS : PROGRAM_START_MS,
  } = value;
  return Object.freeze({
    name,
    reach: Object.freeze(
      command === undefined ? { kind: "http", url, headers } : { kind: "stdio", command, args, env, cwd },
    ),
    trust,
    approval: new Map(Object.entries(approval)),
    tools,
    timeoutMs,
    connectTimeoutMs,
  });
}

/** Undefined when there is nothing to read, null when it is no text. */
function readText(path: string): string | null | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  return decodeText(bytes);
}

/** Not the parser's own message: it quotes the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeaders(headers: Record<string, string>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}

function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}
