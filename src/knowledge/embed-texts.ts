import { cut } from "../../tools/cut.ts";
import { type Embedder, EmbedderError } from "./embedder.ts";

type Embeds = Pick<Embedder, "embed">;

/** An embedder that refuses this refuses everything. */
export const PROBE = "Aura";
/** A refused text is halved until it is shorter than this, in characters. */
const SHORTEST = 500;

/**
 * Embeds texts of which some may be more than the embedder takes: those are shortened, and one that it does
 * not take at all has no vector. Other texts of a batch that is refused do not suffer for it.
 *
 * @returns a vector for every text, in their order; null where the text is to blame
 * @throws EmbedderError when the embedder is to blame
 */
export async function embedTexts(
  embedder: Embeds,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<(number[] | null)[]> {
  try {
    return await embedder.embed(texts, signal);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  await embedder.embed([PROBE], signal);
  return splitUp(embedder, texts, signal);
}

/** Embeds texts that were refused together, half by half, down to those that are at fault. */
async function splitUp(
  embedder: Embeds,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(number[] | null)[]> {
  const [first = ""] = texts;
  if (texts.length <= 1) return [await embedPart(embedder, first, signal)];
  const vectors: (number[] | null)[] = [];
  const middle = Math.ceil(texts.length / 2);
  for (const half of [texts.slice(0, middle), texts.slice(middle)]) {
    const embedded = await unlessRefused(embedder.embed(half, signal));
    vectors.push(...(embedded ?? (await splitUp(embedder, half, signal))));
  }
  return vectors;
}

async function embedPart(
  embedder: Embeds,
  text: string,
  signal: AbortSignal | undefined,
): Promise<number[] | null> {
  for (let length = text.length / 2; length >= SHORTEST; length /= 2) {
    const [vector] = (await unlessRefused(embedder.embed([cut(text, Math.floor(length))], signal))) ?? [];
    if (vector !== undefined) return vector;
  }
  return null;
}

async function unlessRefused(embedding: Promise<number[][]>): Promise<number[][] | null> {
  try {
    return await embedding;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof EmbedderError && error.kind === "refused";
}
