/**
 * What a search finds that it should, and what it should not: by words, and by the vectors of the embedder
 * that the environment names (README: the local one, or OPENAI_API_KEY, OPENAI_BASE_URL,
 * AURA_EMBEDDING_MODEL, AURA_EMBEDDING_DIMENSIONS). `node bench/relevance.ts [--json] [--misses]`
 */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { indexSettings } from "../src/compose-knowledge.ts";
import { loadConfig } from "../src/config.ts";
import { measureRelevance } from "../src/knowledge/measure-relevance.ts";
import { RELEVANT_SHARE, readQuery } from "../src/knowledge/relevance.ts";
import { type Cases, TUNED } from "./relevance-cases.ts";
import { HELD_OUT } from "./relevance-held-out.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, misses: { type: "boolean" } } });
const config = loadConfig({ ...process.env, JWT_SECRET: "unused ".repeat(8) });
const { embedder } = indexSettings(config, pino({ level: "silent" }));
const least = embedder.leastSimilarity ?? (await measureRelevance(embedder));

interface Pair {
  query: string;
  event: string;
  isRelated: boolean;
  share: number;
  similarity: number;
}

const cosine = (a: readonly number[] = [], b: readonly number[] = []) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b) || 1);

async function pairsOf({ events, related, unrelated }: Cases): Promise<Pair[]> {
  const texts = Object.values(events);
  const vectors = await embedder.embed(texts);
  const pairs: Pair[] = [];
  for (const [query, ...wanted] of [...related, ...unrelated.map((each) => [each] as const)]) {
    const read = readQuery(query);
    // As adapters/lancedb/search.ts asks it; an id has no meaning.
    const isExact = read.words.length === 0 && read.exact.length > 0;
    const [vector] = isExact ? [] : await embedder.embed([embedder.isLocal ? read.words.join(" ") : query]);
    for (const [at, event] of Object.keys(events).entries()) {
      const share = read.share(texts[at] ?? "");
      const isRelated = wanted.some((each) => each === event);
      pairs.push({ query, event, isRelated, share, similarity: cosine(vector, vectors[at]) });
    }
  }
  return pairs;
}

const round = (value: number) => Number(value.toFixed(3));

function measured(cases: string, pairs: readonly Pair[], how: string, finds: (pair: Pair) => boolean) {
  const related = pairs.filter(({ isRelated }) => isRelated);
  const missed = related.filter((pair) => !finds(pair));
  const wrong = pairs.filter((pair) => !pair.isRelated && finds(pair));
  if (values.misses)
    for (const { query, event } of [...missed, ...wrong]) console.error(`${how}: ${query} | ${event}`);
  const questions = (of: readonly Pair[]) => new Set(of.map(({ query }) => query)).size;
  return {
    cases,
    how,
    found: `${related.length - missed.length} of ${related.length}`,
    "found wrongly": `${wrong.length} of ${pairs.length - related.length}`,
    "by questions": `${questions(wrong)} of ${questions(pairs)}`,
  };
}

function rowsOf(cases: string, pairs: readonly Pair[]) {
  const byWords = (from: number) => (pair: Pair) => pair.share >= from;
  const byMeaning = (from: number) => (pair: Pair) => pair.similarity >= from;
  return [
    ...[0.2, RELEVANT_SHARE, 0.5].map((share) =>
      measured(cases, pairs, `words, share ${share}`, byWords(share)),
    ),
    ...[-0.1, -0.05, 0, 0.05, 0.1].map((more) =>
      measured(cases, pairs, `${embedder.name}, similarity ${round(least + more)}`, byMeaning(least + more)),
    ),
    measured(
      cases,
      pairs,
      "both, as it is",
      (pair) => byWords(RELEVANT_SHARE)(pair) || byMeaning(least)(pair),
    ),
  ];
}

const rows = [...rowsOf("tuned", await pairsOf(TUNED)), ...rowsOf("held out", await pairsOf(HELD_OUT))];
if (values.json)
  console.log(JSON.stringify({ bench: "relevance", embedder: embedder.name, least, results: rows }));
else console.table(rows);
