import { setImmediate as nextTurn } from "node:timers/promises";
import { searchWords } from "./words.ts";

/** Turns texts into vectors. Those of two embedders cannot be compared. */
export interface Embedder {
  /** With its model, e.g. `openai:text-embedding-3-small`. */
  readonly name: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /**
   * Computed in this process: it does not fail, nobody waits for it, and it compares words rather than
   * meaning.
   */
  readonly isLocal: boolean;
  /**
   * The least cosine similarity of two related texts, where it is known; else it is measured (decision 61).
   */
  readonly leastSimilarity?: number;
  /**
   * One vector for every text, in their order.
   *
   * @param signal ends the wait
   * @throws EmbedderError
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<number[][]>;
}

/**
 * An embedder has no vectors to give. `refused`: it does not take this request and may take another (a text
 * is too long); `unavailable`: nobody knows that it would take any. The message quotes neither texts nor what
 * a server said, so that everybody may read it.
 */
export class EmbedderError extends Error {
  readonly kind: "refused" | "unavailable";

  constructor(kind: EmbedderError["kind"], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "EmbedderError";
    this.kind = kind;
  }
}

const DIMENSIONS = 256;
/** Measured by bench/relevance.ts. */
const LEAST_SIMILARITY = 0.3;
const GRAMS = [2, 3, 4];
/** How long it computes until other work of this process gets its turn, in ms. */
const MAX_TURN_MS = 5;
/** A whole word says more than the pieces of it. */
const WORD_WEIGHT = 2;

/**
 * Local and deterministic: counts words and pieces of words, hashed into 256 numbers. It finds what is
 * written alike - also in Korean, where words change their endings - and knows nothing of meaning.
 */
export function createHashingEmbedder(): Embedder {
  return {
    name: "hashing-v2",
    dimensions: DIMENSIONS,
    isLocal: true,
    leastSimilarity: LEAST_SIMILARITY,
    async embed(texts) {
      const vectors: number[][] = [];
      let rested = performance.now();
      for (const text of texts) {
        vectors.push(hashed(text));
        // 64 long texts take longer than a stream of this process should wait.
        if (performance.now() - rested < MAX_TURN_MS) continue;
        await nextTurn();
        rested = performance.now();
      }
      return vectors;
    },
  };
}

function hashed(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  const add = (piece: string, weight: number) => {
    const hash = fnv(piece);
    const at = hash % DIMENSIONS;
    // With a sign, pieces that share a position may cancel out; without one they would only ever add up.
    vector[at] = (vector[at] ?? 0) + ((hash >>> 16) & 1 ? weight : -weight);
  };
  for (const word of searchWords(text)) {
    add(word, WORD_WEIGHT);
    const characters = [...word];
    for (const length of GRAMS) {
      for (let from = 0; from + length <= characters.length; from += 1) {
        add(characters.slice(from, from + length).join(""), 1);
      }
    }
  }
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((value) => value / norm);
}

/** FNV-1a, 32 bits: spreads short texts well and costs nothing. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
