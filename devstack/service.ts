import type { Language, Sentence } from "@aura-platform/contract/languages.ts";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { pino } from "pino";
import { ZodError } from "zod";
import { AuraError } from "../src/errors.ts";
import { failure, preferredLanguage, success } from "./envelope.ts";

export interface ServiceOptions {
  /** Silent when left out. */
  logger?: FastifyBaseLogger | undefined;
  /** Bytes; Fastify's 1 MiB when left out. */
  bodyLimit?: number;
}

/** A Fastify instance whose every error, 404 and malformed request included, is the contract's envelope. */
export function createService(options: ServiceOptions): FastifyInstance {
  const logger: FastifyBaseLogger = options.logger ?? pino({ level: "silent" });
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Open streams must not keep a stopping dev stack alive.
    forceCloseConnections: true,
    // Ids go up to 128 characters; Fastify would answer 404 from 101 on.
    routerOptions: { maxParamLength: 4096 },
    ...(options.bodyLimit === undefined ? {} : { bodyLimit: options.bodyLimit }),
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
  });
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => sendError(new AuraError("E1004"), request, reply));
  return app;
}

export function languageOfRequest(request: FastifyRequest): Language {
  return preferredLanguage(request.headers["accept-language"]);
}

/** Answers the success envelope in the caller's language. */
export function sendSuccess(request: FastifyRequest, reply: FastifyReply, message: Sentence, data?: unknown) {
  return reply.send(success(message[languageOfRequest(request)], data));
}

function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const error = toAuraError(thrown);
  if (error.status >= 500) {
    request.log.error({ err: thrown, method: request.method, url: request.url }, "request failed");
  }
  // Fastify closes the connection after an oversized body. The client may still be sending it, and bytes that
  // nobody reads turn the close into a reset that can eat this answer: keep the connection, Node drains it.
  if (error.status === 413) reply.removeHeader("connection");
  // The failed response may already have declared another type.
  reply.code(error.status).type("application/json; charset=utf-8");
  return reply.send(failure(error, languageOfRequest(request)));
}

/** Which contract error a thrown value stands for. */
function toAuraError(thrown: unknown): AuraError {
  if (thrown instanceof AuraError) return thrown;
  if (thrown instanceof ZodError) return new AuraError("E4000", { cause: thrown });
  const { statusCode } =
    thrown instanceof Error && "statusCode" in thrown ? thrown : { statusCode: undefined };
  if (statusCode === 413) return new AuraError("E4000", { status: 413, cause: thrown });
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new AuraError("E4000", { cause: thrown });
  }
  return new AuraError("E1000", { cause: thrown });
}
