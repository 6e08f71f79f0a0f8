import { createHashingEmbedder } from "../../src/knowledge/embedder.ts";

/** What the model of the tests knows to be the same, in both languages. */
const CONCEPTS: readonly [string, RegExp][] = [
  ["c0leave", /연차|휴가|vacation|holiday|day off|leave/gi],
  ["c0money", /예산|비용|budget|costs?|expenses?/gi],
  ["c0invoice", /청구서|계산서|invoices?|bills?/gi],
  ["c0meeting", /회의|미팅|meetings?|appointment/gi],
  ["c0trip", /출장|business trip|travel/gi],
  ["c0contract", /계약서?|contracts?|agreement/gi],
  ["c0lunch", /점심|식사|lunch|meal/gi],
  ["c0network", /네트워크|인터넷|network|internet/gi],
  ["c0hiring", /채용|면접|지원자|hiring|interview|candidate/gi],
  ["c0training", /교육|연수|training|course/gi],
];
const hashing = createHashingEmbedder();

/** How long its vectors are. */
export const MEANING_DIMENSIONS = hashing.dimensions;

/**
 * Vectors of a small model of meaning: texts about the same thing are alike, in whatever words and language
 * they are.
 *
 * @param dimensions a divisor of its own number
 */
export async function meaningVectors(
  texts: readonly string[],
  dimensions = MEANING_DIMENSIONS,
): Promise<number[][]> {
  const vectors = await hashing.embed(
    texts.map((text) =>
      CONCEPTS.reduce(
        (known, [concept, words]) => known.replaceAll(words, ` ${concept} ${concept} ${concept} `),
        text,
      ),
    ),
  );
  return vectors.map((vector) =>
    Array.from({ length: dimensions }, (_, at) =>
      vector.filter((_, place) => place % dimensions === at).reduce((sum, value) => sum + value, 0),
    ),
  );
}
