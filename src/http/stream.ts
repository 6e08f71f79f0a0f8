import { createHash, randomUUID } from "node:crypto";
import { idempotencyKey } from "@aura-platform/contract/headers.ts";
import { ID_PATTERN } from "@aura-platform/contract/ids.ts";
import { type Language, languageOfTag } from "@aura-platform/contract/languages.ts";
import { streamBody, streamQuery } from "@aura-platform/contract/prompts.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { LimitError } from "../errors.ts";
import type { Idempotency } from "../ports/thread-registry.ts";
import type { RunRecord } from "../records/run.ts";
import type { Prompt } from "../runs/start.ts";
import { callerOf, ownerOf } from "./auth.ts";
import { type FollowDeps, lastPosition, streamRun } from "./follow.ts";
import { headerOf, soleHeader } from "./header.ts";
import { languageOf } from "./language.ts";
import { parseInput } from "./schemas.ts";

interface StreamDeps extends FollowDeps {
  start(prompt: Prompt): Promise<RunRecord>;
}

/**
 * `POST /aura/test/stream` and `GET` on the same path (docs/contract.md, sections 3 and 8): starts a run and
 * follows it. With `Last-Event-ID` of one of the caller's runs it only follows, whatever the body says: the
 * web client sends the same body again when its connection broke. With an `Idempotency-Key` that has started
 * a run already, it follows that one from its beginning. Who has too many streams open may follow, and start
 * nothing.
 */
export function streamRoutes(app: FastifyInstance, deps: StreamDeps): void {
  const answer = async (input: z.infer<typeof streamBody>, request: FastifyRequest, reply: FastifyReply) => {
    const position = (await lastPosition(deps, request)) ?? {
      run: await deps.start(promptOf(input, request, deps.streams.refusal(ownerOf(request)))),
      seq: 0,
    };
    await streamRun(deps, position, request, reply);
  };
  app.post("/aura/test/stream", (request, reply) =>
    answer(parseInput(streamBody, request.body, languageOf(request)), request, reply),
  );
  app.get("/aura/test/stream", (request, reply) => {
    const query = parseInput(streamQuery, request.query, languageOf(request));
    return answer({ ...query, context: {} }, request, reply);
  });
}

function promptOf(
  input: z.infer<typeof streamBody>,
  request: FastifyRequest,
  refusal: LimitError | undefined,
): Prompt {
  const { tenantId, userId } = callerOf(request);
  const context = input.context ?? {};
  const idempotency = idempotencyOf(input, request);
  return {
    owner: { tenantId, userId },
    threadId: input.threadId ?? agentId(request) ?? `thread-${randomUUID()}`,
    prompt: input.prompt,
    context,
    language: contextLanguage(context) ?? languageOf(request),
    traceId: request.id,
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function idempotencyOf(input: unknown, request: FastifyRequest): Idempotency | undefined {
  const header = headerOf(request.headers, "idempotency-key");
  if (header === undefined) return undefined;
  const key = parseInput(idempotencyKey, header, languageOf(request));
  return { key, bodyDigest: createHash("sha256").update(JSON.stringify(input)).digest("hex") };
}

/** The web client's session id; a malformed one counts as none, and two of them are refused. */
function agentId(request: FastifyRequest): string | undefined {
  const value = soleHeader(request.headers, "x-agent-id");
  return value !== undefined && ID_PATTERN.test(value) ? value : undefined;
}

/** The language the web client works in (`context.language`: "ko", "en-US" ...). */
function contextLanguage(context: Record<string, unknown>): Language | undefined {
  return typeof context.language === "string" ? languageOfTag(context.language) : undefined;
}
