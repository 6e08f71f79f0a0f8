import type { ErrorCode } from "@aura-platform/contract/errors.ts";
import { existing, inputIssues } from "@aura-platform/contract/failures.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { loose } from "@aura-platform/contract/reading.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";
import { z } from "zod";
import { AuraError, LimitError } from "../errors.ts";
import { failure } from "./envelope.ts";
import { languageOf } from "./language.ts";
import { ownerLimitText } from "./limit-texts.ts";

/** Fastify's own errors for what the client sent; each is a 400 (413 for size) of the contract. */
const clientError = z.object({
  code: z.string().startsWith("FST_ERR_"),
  statusCode: z.number().gte(400).lt(500),
});

/** What is busy or exists already, in words that are the same in every language. */
const ids = existing.strip();
const wrongInput = loose(inputIssues);

/**
 * One place turns whatever a route throws into the envelope; 5xx bodies never carry internals, the log does.
 */
export function handleErrors(app: FastifyInstance): void {
  const known = knownRoutes(app);
  app.setErrorHandler((error, request, reply) => sendFailure(toAuraError(error), request, reply));
  // In a hook, because the not-found handler runs after the body: a bad body would hide the wrong route.
  app.addHook("onRequest", async (request, reply) => {
    if (!request.is404) return;
    const allowed = known(request.url);
    if (allowed.length === 0) throw new AuraError("E1004");
    reply.header("allow", allowed.join(", "));
    throw new AuraError("E1002");
  });
}

/** For requests that fail before routing (a URL that cannot be decoded). */
export const frameworkErrors: NonNullable<FastifyServerOptions["frameworkErrors"]> = (
  error,
  request,
  reply,
) => {
  sendFailure(toAuraError(error), request, reply);
};

function sendFailure(error: AuraError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const code: ErrorCode = error.code;
  const about = { err: error, errorCode: code };
  if (error.status >= 500) request.log.error(about, "request failed");
  else request.log.info(about, "request refused");
  if (error instanceof LimitError) reply.header("retry-after", error.retryAfterS);
  const language = languageOf(request);
  return reply
    .code(error.status)
    .header("x-correlation-id", request.id)
    .send(
      failure(code, {
        traceId: request.id,
        language,
        data: error.data,
        ...hintOf(error, language),
      }),
    );
}

function hintOf(error: AuraError, language: Language): { hint?: string } {
  if (error instanceof LimitError) return { hint: ownerLimitText(error.about, language) };
  const wrong = wrongInput.safeParse(error.data);
  if (wrong.success) {
    return {
      hint: wrong.data.issues
        .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
        .join("; "),
    };
  }
  const named = error.code === "E3001" ? Object.entries(ids.safeParse(error.data).data ?? {}) : [];
  return named.length === 0 ? {} : { hint: named.map(([name, id]) => `${name}: ${id}`).join(", ") };
}

function toAuraError(error: unknown): AuraError {
  if (error instanceof AuraError) return error;
  const refused = clientError.safeParse(error);
  if (!refused.success) return new AuraError("E1000", { detail: "unexpected error", cause: error });
  const { statusCode } = refused.data;
  return new AuraError("E4000", {
    status: statusCode === 413 ? 413 : 400,
    detail: refused.data.code,
    cause: error,
  });
}

/** Tells which methods a path has, so that a wrong method is 405 and not 404. */
function knownRoutes(app: FastifyInstance): (url: string) => string[] {
  const routes: { segments: string[]; method: string }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    for (const one of [method].flat()) routes.push({ segments: url.split("/"), method: one });
  });
  return (url) => {
    const asked = (url.split("?")[0] ?? "").split("/");
    return routes
      .filter(
        ({ segments }) =>
          segments.length === asked.length && segments.every((s, i) => s.startsWith(":") || s === asked[i]),
      )
      .map(({ method }) => method);
  };
}
