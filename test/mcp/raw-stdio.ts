import { createInterface } from "node:readline";

// A Model Context Protocol server by hand, on stdin and stdout: argument 1 is JSON of what it answers, by
// method, word for word. `before` is written before anything else, `startMs` is how long it takes to start
// (as `npx` that downloads it first), `whole` answers with more than a result.

const { before = "", startMs = 0, whole = {}, ...answers } = JSON.parse(process.argv[2] ?? "{}");
const handshake = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "raw", version: "1" },
};

process.stdout.write(before);
const started = new Promise((resolve) => setTimeout(resolve, startMs));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line);
  await started;
  if (id === undefined) continue;
  const result = { initialize: handshake, ...answers }[method];
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result, ...whole })}\n`);
}
