/**
 * How long a person waits: POST to first byte and to first event, and approve to the next event, through the Gateway, one
 * client at a time, offline model. `node bench/walk.ts [--runs 100] [--json]`
 */
import { parseArgs } from "node:util";

process.env.LANGCHAIN_CALLBACKS_BACKGROUND = "false";
const { chat, decide, startStack } = await import("../test/helpers/stack.ts");

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100" }, json: { type: "boolean", default: false } },
});
const runs = Number(values.runs);
const WARM_UP = 10;

const quantile = (sorted: number[], q: number) =>
  Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(1));

const summary = (times: number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) };
};

async function walk(stack: Awaited<ReturnType<typeof startStack>>) {
  const posted = performance.now();
  const stream = await chat(stack, {
    prompt: "Send an email to kim@example.com with subject Hi saying hello there",
  });
  await stream.first(() => true);
  const firstByte = performance.now() - posted;
  await stream.first(({ event }) => event !== undefined);
  const firstEvent = performance.now() - posted;
  const hitl = await stream.event("hitl");
  const toHitl = performance.now() - posted;
  const approved = performance.now();
  const seen = stream.frames.length;
  const deciding = decide(stack, hitl.requestId, "approve");
  await stream.first((frame) => frame.event !== undefined && stream.frames.indexOf(frame) >= seen);
  const nextEvent = performance.now() - approved;
  await deciding;
  await stream.ended;
  return { firstByte, firstEvent, toHitl, nextEvent, wholeWalk: performance.now() - posted };
}

const results: Record<string, unknown>[] = [];
for (const backend of ["embedded", "redis"] as const) {
  const stack = await startStack({ backend, env: { LOG_LEVEL: "silent" } });
  const samples: Awaited<ReturnType<typeof walk>>[] = [];
  for (let run = 0; run < runs + WARM_UP; run += 1) {
    const sample = await walk(stack);
    if (run >= WARM_UP) samples.push(sample);
  }
  await stack.close();
  for (const measure of ["firstByte", "firstEvent", "toHitl", "nextEvent", "wholeWalk"] as const) {
    results.push({ backend, measure, unit: "ms", ...summary(samples.map((sample) => sample[measure])) });
  }
}
if (values.json) console.log(JSON.stringify({ bench: "walk", runs, results }));
else console.table(results);
