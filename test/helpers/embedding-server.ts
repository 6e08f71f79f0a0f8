import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { callCounter } from "../contracts/harness.ts";

/** What the client sent to /v1/embeddings. */
export interface Asked {
  model: string;
  dimensions?: number;
  encoding_format?: string;
  input: string[];
}

/** What is answered in place of vectors. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** This JSON, or this text as it is. */
  | { json: unknown }
  | { text: string }
  /** Nothing at all; or the headers and then nothing; or the connection is dropped. */
  | { silent: "all" | "body" }
  | { drop: true };

export interface EmbeddingServer {
  /** Base URL, with /v1. */
  url: string;
  asked: Asked[];
  authorization: unknown[];
  requests: ReturnType<typeof callCounter>;
  /** The next answers. */
  next(...answers: Answer[]): void;
  /** Every answer from now on, unless there is a next one; null answers well. */
  always(answer: Answer | ((asked: Asked) => Answer | null) | null): void;
  close(): Promise<void>;
}

/** How long vectors are that nobody asks to be shorter. */
export const NATIVE = 1024;

/** The text's length at the place of its number: tells whose vector is whose. */
export const lengthVector = async (texts: readonly string[], dimensions: number): Promise<number[][]> =>
  texts.map((text) =>
    Array.from({ length: dimensions }, (_, at) => (at === text.length % dimensions ? 1 : 0)),
  );

/** A real HTTP server that speaks OpenAI's embeddings; base64 where it is asked for, as OpenAI does. */
export async function startEmbeddingServer(
  vectorsOf: (texts: readonly string[], dimensions: number) => Promise<number[][]> = lengthVector,
  native = NATIVE,
): Promise<EmbeddingServer> {
  const asked: Asked[] = [];
  const authorization: unknown[] = [];
  const requests = callCounter();
  const script: Answer[] = [];
  let standing: Parameters<EmbeddingServer["always"]>[0] = null;

  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Asked;
    asked.push(body);
    authorization.push(request.headers.authorization);
    requests.call();
    const answer = script.shift() ?? (typeof standing === "function" ? standing(body) : standing);
    if (answer === null) {
      const vectors = await vectorsOf(body.input, body.dimensions ?? native);
      const data = vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: body.encoding_format === "base64" ? base64(vector) : vector,
      }));
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify({ object: "list", data, model: body.model, usage: {} }));
    }
    if ("drop" in answer) return response.socket?.destroy();
    if ("silent" in answer) {
      if (answer.silent === "body")
        response.writeHead(200, { "content-type": "application/json" }).write("{");
      return;
    }
    if ("status" in answer) {
      response.writeHead(answer.status, answer.headers);
      return response.end(answer.body ?? JSON.stringify({ error: { message: "SECRET", type: "stub" } }));
    }
    response.writeHead(200, { "content-type": "application/json" });
    return response.end("text" in answer ? answer.text : JSON.stringify(answer.json));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    authorization,
    requests,
    next: (...answers) => void script.push(...answers),
    always: (answer) => {
      standing = answer;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** As OpenAI sends a vector that is asked for so. */
export function base64(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString("base64");
}
