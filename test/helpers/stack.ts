import { Writable } from "node:stream";
import { pino } from "pino";
import { createAuthServer } from "../../devstack/auth-server.ts";
import { createEmbeddedPublisher, createRedisPublisher } from "../../devstack/event-publisher.ts";
import { createGateway, type GatewayOptions } from "../../devstack/gateway.ts";
import { createEmbeddedHitlStorage, createRedisHitlStorage } from "../../devstack/hitl-storage.ts";
import { signToken } from "../../devstack/jwt.ts";
import { publishMail } from "../../devstack/mail-events.ts";
import { createMailbox, type Mailbox } from "../../devstack/mailbox.ts";
import { createMainService } from "../../devstack/main-service.ts";
import { createEmbeddedBus, type EmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import { loadConfig } from "../../src/config.ts";
import { type AuraService, type StartOptions, startAura } from "../../src/start.ts";
import { startRedis, type TestRedis } from "./redis.ts";
import { openStream, type SseStream } from "./sse-client.ts";

export const JWT_SECRET = "the-secret-that-java-and-typescript-share";

export interface StackOptions {
  backend: "embedded" | "redis";
  /** Over the test's defaults, e.g. OPENAI_BASE_URL. */
  env?: NodeJS.ProcessEnv;
  aura?: Partial<StartOptions>;
  gateway?: Partial<GatewayOptions>;
  /** A Redis to use; close() stops it. */
  redis?: TestRedis;
}

export interface Stack {
  /** The Gateway's base URL. */
  url: string;
  aura: AuraService;
  /** Stops Aura and starts a new one on the same port; nothing in memory survives. */
  restartAura(): Promise<void>;
  mailbox: Mailbox;
  /** Main Service's base URL. */
  mainUrl: string;
  /** Aura's log so far, one object a line. */
  logs: Record<string, any>[];
  redis: TestRedis | null;
  /** What a present subscriber gets on a channel, whatever the backend. */
  publish(channel: string, message: string): Promise<void>;
  /** A key that Aura and Main Service share. */
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  close(): Promise<void>;
}

/** The whole system on free ports: real Gateway, Main Service, SMTP and, for `redis`, a private Redis. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const closers: (() => Promise<unknown>)[] = [];
  const logs: Record<string, any>[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logs.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const redis = options.backend === "redis" ? (options.redis ?? (await startRedis())) : null;
  if (redis) closers.push(() => redis.stop());
  const bus = createEmbeddedBus();
  const events = redis ? createRedisPublisher(redis) : createEmbeddedPublisher(bus);
  closers.push(() => events.close());
  const mailbox = await createMailbox({ port: 0, onMail: (mail) => publishMail(events, mail) });
  closers.push(() => mailbox.close());
  const hitl = redis ? createRedisHitlStorage(redis) : createEmbeddedHitlStorage(bus);
  const main = createMainService({ jwtSecret: JWT_SECRET, hitl });
  const mainUrl = await main.listen({ port: 0, host: "127.0.0.1" });
  closers.push(() => main.close());
  const auth = createAuthServer({ jwtSecret: JWT_SECRET });
  const authUrl = await auth.listen({ port: 0, host: "127.0.0.1" });
  closers.push(() => auth.close());
  const configOn = (port: number) =>
    loadConfig({
      JWT_SECRET,
      AURA_PORT: `${port}`,
      AURA_BACKEND: options.backend,
      ...(redis ? { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}` } : {}),
      SMTP_URL: mailbox.url,
      MAIN_SERVICE_URL: mainUrl,
      // Its own tests switch it on, in a folder of theirs.
      AURA_KNOWLEDGE: "off",
      ...options.env,
    });
  const startOn = (port: number) =>
    startAura(configOn(port), { logger: pino({ level: "debug" }, sink), bus, ...options.aura });
  let aura = await startOn(0);
  closers.push(() => aura.close());
  const mails = () => mailbox.mails();
  const gateway = createGateway({ auraUrl: aura.url, mainUrl, authUrl, mails, events, ...options.gateway });
  const url = await gateway.listen({ port: 0, host: "127.0.0.1" });
  closers.push(() => gateway.close());
  return {
    url,
    get aura() {
      return aura;
    },
    async restartAura() {
      await aura.close();
      aura = await startOn(aura.port);
    },
    mailbox,
    mainUrl,
    logs,
    redis,
    ...sharedState(redis, bus, closers),
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

function sharedState(redis: Stack["redis"], bus: EmbeddedBus, closers: (() => Promise<unknown>)[]) {
  if (redis === null) {
    return {
      publish: async (channel: string, message: string) => void bus.publish(channel, message),
      get: async (key: string) => bus.get(key),
      set: async (key: string, value: string) => bus.set(key, value, 1800),
    };
  }
  const client = redis.client();
  closers.push(async () => client.disconnect());
  return {
    publish: async (channel: string, message: string) => void (await client.publish(channel, message)),
    get: (key: string) => client.get(key),
    set: async (key: string, value: string) => void (await client.set(key, value, "EX", 1800)),
  };
}

/** Someone who may call: the default is user123 of tenant 1. */
export interface Person {
  user: string;
  tenant: string;
}

export const USER: Person = { user: "user123", tenant: "1" };

/** The headers that DWP's web client sends. */
export async function headersOf(person: Person = USER): Promise<Record<string, string>> {
  const token = await signToken(JWT_SECRET, { ...person, email: "user@dwp.com", role: "user" }, 3600);
  return {
    authorization: `Bearer ${token}`,
    "x-tenant-id": person.tenant,
    "x-user-id": person.user,
    "content-type": "application/json",
  };
}

/** Sends a prompt through the Gateway and follows the answer. */
export async function chat(
  stack: Pick<Stack, "url">,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<SseStream> {
  return openStream(`${stack.url}/api/aura/test/stream`, {
    method: "POST",
    headers: { ...(await headersOf()), ...headers },
    body: JSON.stringify(body),
  });
}

/** Approves or rejects at Main Service, through the Gateway. */
export async function decide(
  stack: Pick<Stack, "url">,
  requestId: string,
  decision: "approve" | "reject",
  reason?: string,
): Promise<Response> {
  return fetch(`${stack.url}/api/aura/hitl/${decision}/${requestId}`, {
    method: "POST",
    headers: await headersOf(),
    body: JSON.stringify({ userId: USER.user, ...(reason === undefined ? {} : { reason }) }),
  });
}

/** GET through the Gateway; the parsed body. */
export async function getJson(stack: Pick<Stack, "url">, path: string, person: Person = USER): Promise<any> {
  const response = await fetch(`${stack.url}${path}`, { headers: await headersOf(person) });
  return response.json();
}
