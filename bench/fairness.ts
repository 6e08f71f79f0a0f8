/**
 * `node bench/fairness.ts [--backend embedded|redis] [--runs 500] [--seconds 10] [--json]`: how long another tenant waits for its first event
 * while one user has so many slow runs, beside the same in quiet. One process with the default settings but for the cap on queued runs.
 */
import { parseArgs } from "node:util";
import { startOpenAiStub } from "../test/helpers/openai-stub.ts";
import { openStream } from "../test/helpers/sse-client.ts";
import { headersOf, startStack } from "../test/helpers/stack.ts";

process.env.LANGCHAIN_CALLBACKS_BACKGROUND ??= "false";

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "redis" },
    runs: { type: "string", default: "500" },
    seconds: { type: "string", default: "10" },
    samples: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
  },
});

const PIECES = 20;
const pauseMs = (Number(values.seconds) * 1000) / PIECES;
const PLAN = JSON.stringify({ steps: [{ title: "Answer", description: "Answer.", confidence: 0.9 }] });
const model = await startOpenAiStub([], {
  always: ({ tools, messages }) => {
    if (tools === undefined) return { text: PLAN };
    const isSlow = String(messages.at(-1)?.content).startsWith("slow");
    return isSlow ? { text: Array.from({ length: PIECES }, () => "word "), pauseMs } : { text: "ok" };
  },
});
const stack = await startStack({
  backend: values.backend === "embedded" ? "embedded" : "redis",
  env: { OPENAI_BASE_URL: model.url, AURA_USER_QUEUE: "100000", AURA_USER_STREAMS: "100000" },
  aura: { drainMs: 0 },
});

async function send(prompt: string, person: { user: string; tenant: string }) {
  return openStream(`${stack.aura.url}/aura/test/stream`, {
    method: "POST",
    headers: await headersOf(person),
    body: JSON.stringify({ prompt }),
  });
}

/** Ms from the request to the first event of the run, one prompt after another. */
async function firstEvents(): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < Number(values.samples); n += 1) {
    const began = performance.now();
    const stream = await send("quick", { user: "user456", tenant: "2" });
    await stream.first(({ event }) => event !== undefined);
    times.push(performance.now() - began);
    await stream.ended;
  }
  return times.sort((a, b) => a - b);
}

const at = (times: number[], part: number) => times[Math.floor((times.length - 1) * part)] ?? Number.NaN;
await firstEvents();
const quiet = await firstEvents();
const crowd = await Promise.all(
  Array.from({ length: Number(values.runs) }, () => send("slow", { user: "user123", tenant: "1" })),
);
const beside = await firstEvents();
for (const stream of crowd) stream.close();
const row = {
  backend: values.backend,
  runs: Number(values.runs),
  quietP50: at(quiet, 0.5),
  quietP95: at(quiet, 0.95),
  besideP50: at(beside, 0.5),
  besideP95: at(beside, 0.95),
  ratioP50: at(beside, 0.5) / at(quiet, 0.5),
};
if (values.json) console.log(JSON.stringify(row));
else
  console.table([
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        typeof value === "number" ? Math.round(value * 100) / 100 : value,
      ]),
    ),
  ]);
await stack.close();
await model.close();
process.exit(0);
