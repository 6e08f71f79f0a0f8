import { z } from "zod";
import { EmbedderError } from "../knowledge/embedder.ts";

/** Servers write `embedding` as numbers, or as base64 of 32-bit floats, whatever they were asked for. */
const answer = z.object({
  data: z.array(
    z.object({ index: z.number().nullish(), embedding: z.union([z.array(z.unknown()), z.string()]) }),
  ),
});

/** A server has mixed up the texts of a batch, or lost some: each text alone it may answer well. */
export class BatchError extends EmbedderError {
  constructor(reason: string) {
    super("unavailable", reason);
    this.name = "BatchError";
  }
}

/** The vectors of a server are sound, and of another length than they should be. */
export class LengthError extends EmbedderError {
  constructor(model: string, length: number, dimensions: number) {
    super(
      "unavailable",
      `${model} gave vectors of ${length} numbers, and AURA_EMBEDDING_DIMENSIONS is ${dimensions}`,
    );
    this.name = "LengthError";
  }
}

/**
 * The vectors of an answer (untrusted JSON), in the order of the texts, each of length 1: the index compares
 * directions only, and 32 bits hold no large numbers.
 *
 * @throws EmbedderError when it is not one sound vector for every text
 */
export function readVectors(
  json: unknown,
  { model, count, dimensions }: { model: string; count: number; dimensions: number },
): number[][] {
  const parsed = answer.safeParse(json);
  if (!parsed.success) throw new EmbedderError("unavailable", `${model} answered something without vectors`);
  const { data } = parsed.data;
  if (data.length !== count) {
    throw new BatchError(`${model} gave ${data.length} vectors for ${count} texts`);
  }
  const vectors = inOrder(data, model).map(({ embedding }) => soundVector(embedding, model));
  const wrong = vectors.find(({ length }) => length !== dimensions);
  if (wrong !== undefined) throw new LengthError(model, wrong.length, dimensions);
  return vectors;
}

type Entry = z.infer<typeof answer>["data"][number];

/** By `index`; servers that send none answer in the order of the texts. */
function inOrder(data: readonly Entry[], model: string): readonly Entry[] {
  if (data.every(({ index }) => index == null)) return data;
  const sorted = data.toSorted((a, b) => (a.index ?? -1) - (b.index ?? -1));
  if (sorted.some(({ index }, at) => index !== at)) {
    throw new BatchError(`${model} does not say which vector is which text's`);
  }
  return sorted;
}

function soundVector(embedding: unknown[] | string, model: string): number[] {
  const numbers = typeof embedding === "string" ? ofBase64(embedding) : embedding;
  const vector = numbers?.filter((value): value is number => Number.isFinite(value));
  if (vector === undefined || vector.length !== numbers?.length) {
    throw new EmbedderError("unavailable", `${model} gave a vector that is not all numbers`);
  }
  // Divided by the largest first: squares of large numbers are infinite, and those of small ones 0.
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scaled = vector.map((value) => value / largest);
  const norm = Math.hypot(...scaled);
  const unit = scaled.map((value) => value / norm);
  if (unit.length > 0 && unit.every(Number.isFinite)) return unit;
  throw new EmbedderError("unavailable", `${model} gave a vector without a direction`);
}

/** Little-endian 32-bit floats; undefined when the text is none. */
function ofBase64(text: string): number[] | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
