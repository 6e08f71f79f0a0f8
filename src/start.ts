import type { AddressInfo } from "node:net";
import { buildApp } from "./app.ts";
import { type ComposeOptions, compose } from "./compose.ts";
import type { Config } from "./config.ts";
import type { Crash } from "./last-resort.ts";
import { describeError } from "./log.ts";

export interface StartOptions extends ComposeOptions {
  /** Idle time after which a stream gets a heartbeat, in ms. */
  heartbeatMs?: number;
}

/** A listening Aura-Platform. */
export interface AuraService {
  url: string;
  port: number;
  /**
   * Ends open streams (their clients reconnect), lets executing runs finish, closes everything.
   *
   * @param crash the fault that brings this about: it counts against its run, or against those that are
   *   executing
   */
  close(crash?: Crash): Promise<void>;
}

const HEARTBEAT_MS = 15_000;

/**
 * Starts the service on the configured address.
 *
 * @throws the listen error (EADDRINUSE) or the backend's; everything opened until then is closed again
 */
export async function startAura(config: Config, options: StartOptions): Promise<AuraService> {
  const { heartbeatMs = HEARTBEAT_MS } = options;
  const logger = options.logger.child({}, { serializers: { err: describeError } });
  for (const warning of config.warnings) logger.warn(warning);
  const core = await compose(config, { ...options, logger });
  const closing = new AbortController();
  const app = await buildApp({
    ...core,
    logger,
    jwtSecret: config.jwtSecret,
    serveApi: config.role !== "worker",
    closing: closing.signal,
    heartbeatMs,
    clientAliases: config.clientAliases,
    streamCaps: config.caps.streams,
  });
  let closed: Promise<void> | null = null;
  const close = (crash?: Crash) => {
    if (crash !== undefined) core.crashed(crash.runId);
    closing.abort();
    closed ??= app.close().then(core.close);
    return closed;
  };
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  logger.info({ backend: config.backend, model: config.model }, `listening on http://${host}:${port}`);
  return { url: `http://${host}:${port}`, port, close };
}
