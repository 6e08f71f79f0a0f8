import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { DwpSource } from "@aura-platform/contract/headers.ts";
import cors from "@fastify/cors";
import httpProxy, { type FastifyHttpProxyOptions } from "@fastify/http-proxy";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AuraError } from "../src/errors.ts";
import { addEventForm } from "./event-form.ts";
import type { EventPublisher } from "./event-publisher.ts";
import { refuseOtherHosts } from "./gateway-guard.ts";
import { refuseOtherOrigins, WEB_CLIENT } from "./gateway-origin.ts";
import { asGatewayStream, isEventStream } from "./gateway-stream.ts";
import { requireNumericTenant, requireTenant } from "./gateway-tenant.ts";
import { createUpstreamPool, type UpstreamPoolOptions, upstreamError } from "./gateway-upstream.ts";
import type { Mail } from "./mailbox.ts";
import { createService, type ServiceOptions } from "./service.ts";

export interface GatewayOptions extends Pick<ServiceOptions, "logger">, UpstreamPoolOptions {
  /** Base URLs of the services, e.g. http://127.0.0.1:9000. */
  auraUrl: string;
  mainUrl: string;
  authUrl: string;
  /** What GET /dev/mailbox lists, newest first. */
  mails?: () => readonly Mail[];
  /** Where POST /dev/events publishes; without it there is no such route. */
  events?: EventPublisher;
  /** The HTML of GET /. */
  page?: () => Promise<string> | string;
}

const BODY_LIMIT = 256 * 1024;
/** Headers that end at a proxy; undici refuses to send them. */
const HOP_BY_HOP = ["expect", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];

/**
 * DWP's gateway: the only door of the web client (docs/contract.md, sections 1 and 8). It reproduces the real
 * one's habits on the wire, the inconvenient ones included, and adds GET /, GET /dev/mailbox and POST
 * /dev/events for developers.
 */
export function createGateway(options: GatewayOptions): FastifyInstance {
  const app = createService({ logger: options.logger, bodyLimit: BODY_LIMIT });
  app.addHook("onRequest", async (request, reply) => {
    setDefaultHeaders(request, reply);
    refuseOtherHosts(request);
    await refuseOtherOrigins(request, reply);
  });
  app.register(cors, {
    origin: [WEB_CLIENT],
    credentials: true,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    maxAge: 3600,
  });
  // Read whole, so that the limit also holds for a chunked body; handed on as a stream, because reply-from
  // would encode a Buffer of application/json once more.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, Readable.from(body.length === 0 ? [] : [body]));
  });
  addDevRoutes(app, options);
  addProxyRoutes(app, options);
  return app;
}

/** First match wins: the router prefers the longer prefix, whatever the order here. */
function addProxyRoutes(app: FastifyInstance, options: GatewayOptions): void {
  const { auraUrl, mainUrl, authUrl } = options;
  const proxy = createProxyOptions(app, options);
  app.register(async (api) => {
    api.addHook("onRequest", requireTenant);
    api.register(async (aura) => {
      aura.addHook("onRequest", requireNumericTenant);
      aura.register(httpProxy, { ...proxy(mainUrl), prefix: "/api/aura/hitl", rewritePrefix: "/aura/hitl" });
      aura.register(httpProxy, { ...proxy(auraUrl), prefix: "/api/aura", rewritePrefix: "/aura" });
    });
    api.register(httpProxy, { ...proxy(mainUrl), prefix: "/api/main", rewritePrefix: "/main" });
    api.register(httpProxy, { ...proxy(authUrl), prefix: "/api/auth", rewritePrefix: "/auth" });
    api.register(httpProxy, { ...proxy(authUrl), prefix: "/api/monitoring", rewritePrefix: "/monitoring" });
    api.all("/api/*", async () => {
      throw new AuraError("E1004");
    });
  });
}

function addDevRoutes(app: FastifyInstance, options: GatewayOptions): void {
  app.get("/", async (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .send((await options.page?.()) ?? "<!doctype html><title>DWP dev gateway</title>"),
  );
  app.get("/dev/mailbox", async () => ({ items: options.mails?.() ?? [] }));
  if (options.events !== undefined) addEventForm(app, options.events);
}

/** Kept on the raw headers, because those are what the proxy forwards. */
function setDefaultHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const { headers } = request.raw;
  headers["x-dwp-source"] ||= "FRONTEND" satisfies DwpSource;
  headers["x-dwp-caller-type"] ||= "USER";
  headers["x-correlation-id"] ||= randomUUID();
  // For the gateway's own answers; an upstream that sets the header overrides it.
  reply.header("x-correlation-id", headers["x-correlation-id"]);
}

/** What all routes share: one connection pool, error mapping and the passing-on of a client's disconnect. */
function createProxyOptions(
  app: FastifyInstance,
  options: GatewayOptions,
): (upstream: string) => FastifyHttpProxyOptions {
  const pool = createUpstreamPool(options);
  app.addHook("onClose", () => pool.close());
  return (upstream) => ({
    upstream,
    // Bodies are parsed above, with the limit.
    proxyPayloads: false,
    disableRequestLogging: true,
    undici: { request: pool.request },
    handler: (_request, reply, destination, hooks) =>
      pool.withSignal(disconnectSignal(reply), () => reply.from(destination, hooks)),
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => endToEnd(headers, request.method),
      rewriteHeaders: (headers) => (isEventStream(headers) ? streamHeaders(headers) : headers),
      onResponse: (_request, reply, upstreamResponse) => {
        const { stream } = upstreamResponse;
        if (!isEventStream(reply.getHeaders())) return void reply.send(stream);
        reply.send(asGatewayStream(stream));
        // Node would hold the headers back until the first chunk. They are complete: no onSend hook runs
        // here.
        if ("flushHeaders" in reply.raw) reply.raw.flushHeaders();
      },
      onError: (reply, { error }) => void reply.send(upstreamError(error)),
      // Without this reply-from repeats a GET that was answered 503, up to ten times.
      retryDelay: () => null,
    },
  });
}

/** Aborts when the client goes away before its response is complete. */
function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

function endToEnd(headers: IncomingHttpHeaders, method: string): IncomingHttpHeaders {
  // The body of a GET is not forwarded, so neither may its length be.
  const dropped = method === "GET" || method === "HEAD" ? [...HOP_BY_HOP, "content-length"] : HOP_BY_HOP;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.includes(name)));
}

function streamHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  // The ids that we add would make a declared length wrong.
  const { "content-length": _length, ...rest } = headers;
  return { ...rest, "x-accel-buffering": "no" };
}
