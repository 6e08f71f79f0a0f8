import type { FastifyBaseLogger } from "fastify";

/** The part of pino's logger that a backend needs. */
export type BackendLogger = Pick<FastifyBaseLogger, "info" | "warn" | "error">;
