import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import { signToken } from "../../devstack/jwt.ts";
import { openStream, type SseStream } from "../helpers/sse-client.ts";
import { headersOf, JWT_SECRET, type Person, USER } from "../helpers/stack.ts";
import { type HttpMcpServer, startHttpMcp } from "../mcp/http-server.ts";
import { HOSTILE_TOOLS } from "./hostile-mcp.ts";
import { startObedientModel } from "./obedient-model.ts";

/** Nobody but the attacks knows it; it must never be seen anywhere. */
export const SECRET = "lsv2-the-key-that-must-stay-inside";

export type Backend = "embedded" | "redis";

interface Asked {
  person?: Person;
  /** An object goes out as JSON, text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Straight to the service instead of through the Gateway. */
  direct?: boolean;
}

export interface Answer {
  status: number;
  text: string;
  /** The envelope, when it is one. */
  json: any;
  headers: Headers;
}

/** A running stack, the model that it asks and the MCP server that it calls: all that an attack can reach. */
export interface Target {
  backend: Backend;
  /** The service's own address, without /api. */
  aura: string;
  gateway: string;
  mcp: HttpMcpServer;
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  /** Sends a prompt through the Gateway and follows the answer. */
  prompt(text: string, more?: { threadId?: string; context?: unknown; person?: Person }): Promise<SseStream>;
  /** Follows the stream that a POST answers with. */
  follow(path: string, body: unknown): Promise<SseStream>;
  decide(requestId: string, verdict: "approve" | "reject", person?: Person): Promise<Answer>;
  mails(): Promise<{ subject: string; [key: string]: unknown }[]>;
  publish(channel: string, message: string): Promise<void>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  /** How many lines of the service's log hold this text. */
  logged(text: string): Promise<number>;
  /** Throws when the process is not the one that was started, or does not answer. */
  alive(): Promise<void>;
  close(): Promise<void>;
}

/** Far above any answer of a service that works, also on a busy machine. */
const PATIENCE_MS = 20_000;

const ready = z.object({ gateway: z.string(), aura: z.string() });
const answered = z.object({ id: z.number(), value: z.unknown(), error: z.string().optional() });

export async function startTarget(backend: Backend): Promise<Target> {
  const model = await startObedientModel();
  const mcp = await startHttpMcp(HOSTILE_TOOLS);
  const env = {
    OPENAI_BASE_URL: model.url,
    LANGSMITH_API_KEY: SECRET,
    AURA_RECONCILE_MS: "300",
    AURA_MCP_SERVERS: JSON.stringify({ far: { url: mcp.url, approval: { free: "never", poison: "never" } } }),
  };
  const child = fork(join(import.meta.dirname, "stack-process.ts"), [backend, JSON.stringify(env)], {
    env: { ...process.env, LANGSMITH_API_KEY: SECRET, LANGSMITH_TRACING: "false" },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const gone = once(child, "exit");
  const [first] = await Promise.race([
    once(child, "message"),
    gone.then(() => Promise.reject(new Error("the stack did not start"))),
  ]);
  const { gateway, aura } = ready.parse(first);
  child.on("message", (message) => {
    const { id, value, error } = answered.parse(message);
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waiter?.resolve(value);
    else waiter?.reject(new Error(error));
  });
  let dead: string | null = null;
  child.on("exit", (code, signal) => {
    dead = `the process ended with ${code ?? signal}`;
    for (const { reject } of waiting.values()) reject(new Error(dead));
  });
  let count = 0;
  const tell = (message: Record<string, unknown>) =>
    new Promise<unknown>((resolve, reject) => {
      if (dead !== null) return reject(new Error(dead));
      count += 1;
      waiting.set(count, { resolve, reject });
      child.send({ id: count, ...message });
    });

  const ask: Target["ask"] = async (method, path, { person, body, headers, direct = false } = {}) => {
    const { "content-type": json, ...own } = await headersOf(person ?? USER);
    const response = await fetch(`${direct ? `${aura}/aura` : `${gateway}/api/aura`}${path}`, {
      method,
      headers: { ...own, ...(body === undefined ? {} : { "content-type": json ?? "" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    return { status: response.status, text, json: parsed(text), headers: response.headers };
  };

  return {
    backend,
    aura,
    gateway,
    mcp,
    ask,
    prompt: async (prompt, { threadId, context, person } = {}) =>
      openStream(`${gateway}/api/aura/test/stream`, {
        method: "POST",
        headers: await headersOf(person ?? USER),
        body: JSON.stringify({
          prompt,
          ...(threadId && { threadId }),
          ...(context === undefined ? {} : { context }),
        }),
      }),
    follow: async (path, body) =>
      openStream(`${gateway}/api/aura${path}`, {
        method: "POST",
        headers: await headersOf(),
        body: JSON.stringify(body),
      }),
    decide: async (requestId, verdict, person = USER) =>
      ask("POST", `/hitl/${verdict}/${requestId}`, { person, body: { userId: person.user } }),
    mails: async () => {
      const answer = await fetch(`${gateway}/dev/mailbox`);
      return z.object({ items: z.array(z.looseObject({ subject: z.string() })) }).parse(await answer.json())
        .items;
    },
    publish: async (channel, message) => void (await tell({ do: "publish", channel, message })),
    get: async (key) =>
      z
        .string()
        .nullable()
        .parse(await tell({ do: "get", key })),
    set: async (key, value) => void (await tell({ do: "set", key, value })),
    logged: async (containing) => z.number().parse(await tell({ do: "logs", containing })),
    async alive() {
      if (dead !== null) throw new Error(dead);
      const health = await fetch(`${aura}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (health.status !== 200) throw new Error(`/health answers ${health.status}`);
    },
    async close() {
      if (dead === null) {
        await tell({ do: "close" }).catch(() => {});
        await gone;
      }
      await mcp.close();
      await model.close();
    },
  };
}

/** A token that a test signs as it likes. */
export function tokenOf(person: Person = USER): Promise<string> {
  return signToken(JWT_SECRET, { ...person, email: "a@b.c", role: "user" }, 600);
}

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
