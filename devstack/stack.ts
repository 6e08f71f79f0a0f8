import { setTimeout as wait } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createEmbeddedBus, type EmbeddedBus } from "../src/adapters/embedded/bus.ts";
import { type Config, loadConfig } from "../src/config.ts";
import type { Crash } from "../src/last-resort.ts";
import type { startAura } from "../src/start.ts";
import { createAuthServer } from "./auth-server.ts";
import { SetupError } from "./data-dir.ts";
import { chooseBackend, type DemoBackend, describeBackend } from "./demo-redis.ts";
import { type PortName, type Ports, readPlatformUri } from "./environment.ts";
import { createEmbeddedPublisher, createRedisPublisher, type EventPublisher } from "./event-publisher.ts";
import { createGateway } from "./gateway.ts";
import { createEmbeddedHitlStorage, createRedisHitlStorage } from "./hitl-storage.ts";
import { publishMail } from "./mail-events.ts";
import { createMailbox, type Mail, type Mailbox } from "./mailbox.ts";
import { createMainService } from "./main-service.ts";
import { type PageFacts, renderPage } from "./page.ts";
import { DEV_HOST, listenOn } from "./ports.ts";
import { searchState } from "./search-state.ts";

export interface StackOptions {
  /** The environment without blank values; JWT_SECRET and AURA_DATA_DIR are set. */
  env: NodeJS.ProcessEnv;
  ports: Ports;
  /** AURA_DATA_DIR. */
  dataDir: string;
  jwtSecret: string;
  logger: Logger;
  startAura: typeof startAura;
  /** Aborted when the demo is to stop while it is still starting. */
  signal: AbortSignal;
}

export interface Stack {
  /** The gateway, as a browser on this machine reaches it. */
  url: string;
  /** Stops everything, in the reverse order of the start; as AuraService.close. */
  close(crash?: Crash): Promise<void>;
}

/** Stops a part of the stack. */
type Closer = (crash?: Crash) => Promise<unknown>;

const READY_MS = 20_000;

/** Starts the whole system; when any part fails, what had been started is stopped and the error is thrown. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const closers: Closer[] = [];
  const close = async (crash?: Crash) => {
    for (const stop of closers.splice(0).reverse()) await stop(crash);
  };
  try {
    return { url: await startParts(options, closers), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(options: StackOptions, closers: Closer[]): Promise<string> {
  const { env, ports, dataDir, jwtSecret, logger, signal } = options;
  /** Starts a part and remembers how to stop it. */
  const part = async <T>(
    started: Promise<T>,
    stop: (part: T, crash?: Crash) => Promise<unknown>,
  ): Promise<T> => {
    const value = await started;
    closers.push((crash) => stop(value, crash));
    signal.throwIfAborted();
    return value;
  };
  const listen = (app: FastifyInstance, name: PortName) => {
    // Before it listens: a service may hold a Redis connection from the start.
    closers.push(() => app.close());
    return listenOn(name, ports[name], () => app.listen({ port: ports[name], host: DEV_HOST }));
  };

  const backend = await part(chooseBackend(env, dataDir, logger), (chosen) => chosen.stop());
  logger.info(describeBackend(backend));
  const bus = createEmbeddedBus();
  const events = createPublisher(options, backend, bus);
  closers.push(() => events.close());
  const mailbox = await part(startMailbox(options, events), (started) => started.close());
  const authUrl = await listen(
    createAuthServer({ jwtSecret, logger: logger.child({ service: "auth-server" }) }),
    "AUTH_PORT",
  );
  const mainUrl = await listen(createMain(options, backend, bus), "MAIN_PORT");
  const config = auraConfig(options, { backend, mainUrl, smtpUrl: mailbox.url });
  const aura = await part(
    listenOn("AURA_PORT", ports.AURA_PORT, () =>
      options.startAura(config, { logger: logger.child({ service: "aura" }), bus }),
    ),
    (started, crash) => started.close(crash),
  );
  const auraUrl = reachable(config.host, aura);
  const addresses = { auraUrl, mainUrl, authUrl };
  const gateway = createFrontDoor(options, { addresses, mailbox, events, backend, config });
  const gatewayUrl = (await listen(gateway, "GATEWAY_PORT")).replace(DEV_HOST, "localhost");
  const probes = [`${authUrl}/health`, `${mainUrl}/health`, `${auraUrl}/ready`, gatewayUrl];
  await Promise.all(probes.map((probe) => untilReady(probe, signal)));
  return gatewayUrl;
}

function createPublisher({ logger }: StackOptions, backend: DemoBackend, bus: EmbeddedBus): EventPublisher {
  if (backend.kind === "embedded") return createEmbeddedPublisher(bus);
  return createRedisPublisher(backend.address, (err) => logger.warn({ err }, "an event was not published"));
}

function startMailbox({ ports, logger }: StackOptions, events: EventPublisher): Promise<Mailbox> {
  const port = ports.SMTP_PORT;
  const onMail = (mail: Mail) => publishMail(events, mail);
  return listenOn("SMTP_PORT", port, () =>
    createMailbox({ port, host: DEV_HOST, logger: logger.child({ service: "mailbox" }), onMail }),
  );
}

function createMain({ jwtSecret, logger }: StackOptions, backend: DemoBackend, bus: EmbeddedBus) {
  const log = logger.child({ service: "main-service" });
  const hitl =
    backend.kind === "embedded"
      ? createEmbeddedHitlStorage(bus)
      : createRedisHitlStorage(backend.address, (err) => log.warn({ err }, "redis connection failed"));
  return createMainService({ jwtSecret, hitl, logger: log });
}

/** What the demo decides is set; what the environment says otherwise holds. */
function auraConfig(
  { env, ports, jwtSecret }: StackOptions,
  parts: { backend: DemoBackend; mainUrl: string; smtpUrl: string },
): Config {
  const { backend } = parts;
  const redis =
    backend.kind === "embedded"
      ? { AURA_BACKEND: "embedded" }
      : {
          AURA_BACKEND: "redis",
          REDIS_HOST: backend.address.host,
          REDIS_PORT: String(backend.address.port),
          REDIS_PASSWORD: backend.address.password,
        };
  return loadConfig({
    MAIN_SERVICE_URL: parts.mainUrl,
    SMTP_URL: parts.smtpUrl,
    ...env,
    ...redis,
    JWT_SECRET: jwtSecret,
    AURA_PORT: String(ports.AURA_PORT),
  });
}

/** A service that listens on all addresses is reached on this machine's own. */
function reachable(host: string, aura: { url: string; port: number }): string {
  return host === "0.0.0.0" || host === "::" ? `http://${DEV_HOST}:${aura.port}` : aura.url;
}

interface Parts {
  addresses: Record<"auraUrl" | "mainUrl" | "authUrl", string>;
  mailbox: Mailbox;
  events: EventPublisher;
  backend: DemoBackend;
  config: Config;
}

function createFrontDoor({ env, logger }: StackOptions, parts: Parts): FastifyInstance {
  const { addresses, mailbox } = parts;
  const auraUrl = readPlatformUri(env) ?? addresses.auraUrl;
  const gateway: FastifyInstance = createGateway({
    ...addresses,
    auraUrl,
    mails: mailbox.mails,
    events: parts.events,
    page: async () => {
      const gatewayUrl = gateway.listeningOrigin.replace(DEV_HOST, "localhost");
      return renderPage({ ...facts(gatewayUrl, auraUrl, parts), search: await searchState(auraUrl) });
    },
    logger: logger.child({ service: "gateway" }),
  });
  return gateway;
}

function facts(
  gatewayUrl: string,
  auraUrl: string,
  { addresses, mailbox, backend, config }: Parts,
): Omit<PageFacts, "search"> {
  const toMailbox = config.mail.smtpUrl === mailbox.url;
  return {
    services: [
      { name: "Gateway", address: gatewayUrl, what: "the only door: /api/aura, /api/main, /api/auth" },
      { name: "Aura-Platform", address: auraUrl, what: "the agent service" },
      {
        name: "Main Service",
        address: addresses.mainUrl,
        what: "approvals (HITL) and AgentTask records; a stand-in",
      },
      { name: "Auth Server", address: addresses.authUrl, what: "logins and tokens; a stand-in" },
      { name: "Mailbox", address: mailbox.url, what: "an SMTP server that delivers nothing" },
    ],
    backend: describeBackend(backend),
    model: config.model === "demo" ? "demo (scripted, offline)" : config.model,
    // Not the URL itself: SMTP_URL may carry a password.
    mail: toMailbox ? "goes to the mailbox" : "is really sent, through SMTP_URL",
  };
}

async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  for (;;) {
    const response = await fetch(url, { signal: deadline }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    signal.throwIfAborted();
    if (deadline.aborted) throw new SetupError(`${url} does not answer`);
    await wait(50);
  }
}
