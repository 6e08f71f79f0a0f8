import type { Mutant } from "../mutant.ts";

const EFFECT = ["test/graphs/aura/effect.test.ts"];
const ORDER = ["test/runs/stored-first.test.ts"];
const FENCE = [
  "test/packages/checkpoint-redis/fence.integration.test.ts",
  "test/adapters/redis/stale-worker.slow.test.ts",
];

const WORDS = ["test/runs/last-words.test.ts"];

/** No effect twice, none unseen, none by a worker that has lost its lease. */
export const EFFECTS: readonly Mutant[] = [
  {
    promise: "a model's arguments are data on their way to the tool",
    file: "graphs/aura/sent-task.ts",
    source: "JSON.stringify(call.args)",
    replacement: "call.args as never",
    tests: ["test/graphs/aura/sent-task.test.ts"],
  },
  {
    promise: "an effect in the ledger is never told as not done",
    file: "src/runs/last-words.ts",
    source: `if (standing?.state === "done") return`,
    replacement: `if (standing?.state === null) return`,
    tests: WORDS,
  },
  {
    promise: "a call's last word is said once",
    file: "src/runs/last-words.ts",
    source: "isNews: said?.isOpen !== false",
    replacement: "isNews: true",
    tests: WORDS,
  },
  {
    promise: "a run is finite: what the model writes has a limit",
    file: "graphs/model/answer-collector.ts",
    source: "if (written <= maxOutput) return;",
    replacement: "if (written >= 0) return;",
    tests: ["test/graphs/state/limits.test.ts", "test/graphs/state/endless-answers.slow.test.ts"],
  },
  {
    promise: "no call is made of an answer of which a part could not be read",
    file: "graphs/model/tool-call-stream.ts",
    source:
      'if (missing === "lost" || (missing === "length" && !open.scan.isClosed())) return MISSING[missing];',
    replacement: 'if (missing === "length" && !open.scan.isClosed()) return MISSING[missing];',
    tests: ["test/graphs/model/answer-stream.test.ts"],
  },
  {
    promise: "a call that its answer's limit has cut is not made with what there is of it",
    file: "graphs/model/tool-call-stream.ts",
    source:
      'if (missing === "lost" || (missing === "length" && !open.scan.isClosed())) return MISSING[missing];',
    replacement: 'if (missing === "lost") return MISSING[missing];',
    tests: ["test/graphs/model/answer-stream.test.ts"],
  },
  {
    promise: "a call of a name that is none is never made under the name of another tool",
    file: "graphs/model/saved-answer.ts",
    source: "malformed: call.malformed ?? { text: JSON.stringify(call.args), problem },",
    replacement: "...(call.malformed === undefined ? {} : { malformed: call.malformed }),",
    tests: ["test/graphs/model/names.test.ts"],
  },
  {
    promise: "half an answer is never a whole one",
    file: "graphs/model/answer-stream.ts",
    source: "if (state.finished) return;",
    replacement: "if (state.pieces > 0) return;",
    tests: ["test/graphs/model/answer-stream.test.ts"],
  },
  {
    promise: "what one server sent along goes to no other",
    file: "graphs/model/kept-fields.ts",
    source: "if (!isRecord(fields) || fields.server !== server) return undefined;",
    replacement: "if (!isRecord(fields)) return undefined;",
    tests: ["test/graphs/model/fallback.test.ts"],
  },
  {
    promise: "an approver sees every entry of a list",
    file: "graphs/aura/show-call.ts",
    source: "if (Array.isArray(value)) return value.map(",
    replacement: "if (Array.isArray(value)) return value.slice(0, 256).map(",
    tests: ["test/graphs/aura/show-call.test.ts"],
  },
  {
    promise: "strangers' schemas are checked in a bounded number of steps",
    file: "src/mcp/json-schema.ts",
    source: "if (left < 0) throw",
    replacement: "if (left === null) throw",
    tests: ["test/mcp/json-schema.test.ts"],
  },
  {
    promise: "a node's events are stored before its result is checkpointed",
    file: "graphs/aura/barrier.ts",
    source: "storesEvents === true",
    replacement: "storesEvents === null",
    tests: ORDER,
  },
  {
    promise: "... also of a tool call",
    file: "graphs/aura/build.ts",
    source: "withStoredEvents(toolNode(",
    replacement: "((node) => node)(toolNode(",
    tests: ORDER,
  },
  {
    promise: "... and whoever waits is let go only after the log has stored",
    file: "src/runs/stream-graph.ts",
    source: "if (isBarrier(chunk)) {",
    replacement: "if (isBarrier(chunk)) { chunk.resolve();",
    tests: ORDER,
  },
  {
    promise: "no effect begins before the checkpoint that asks for it is stored",
    file: "src/runs/stream-graph.ts",
    source: `durability: "sync"`,
    replacement: `durability: "async"`,
    tests: ORDER,
  },
  {
    promise: "a call that was begun and whose outcome nobody knows is not repeated",
    file: "graphs/aura/effect.ts",
    source: `"started" && tool.idempotent === true`,
    replacement: `"started" && tool.idempotent !== null`,
    tests: EFFECT,
  },
  {
    promise: "what a tool says itself of its effect is kept when its run was cancelled meanwhile",
    file: "graphs/aura/effect.ts",
    source: `if (!(error instanceof ToolError) ||`,
    replacement: `if (error instanceof Error ||`,
    tests: ["test/http/cancelled-effects.integration.test.ts"],
  },
  {
    promise: "... but not of one that is repeated",
    file: "graphs/aura/effect.ts",
    source: `ToolError) || tool.idempotent === true`,
    replacement: `ToolError) || tool.idempotent === null`,
    tests: EFFECT,
  },
  {
    promise: "a call that is done returns its stored outcome",
    file: "graphs/aura/effect.ts",
    source: `begun.state === "new" ||`,
    replacement: `begun.state !== "started" ||`,
    tests: EFFECT,
  },
  {
    promise: "what came of a call is stored",
    file: "graphs/aura/effect.ts",
    source: "await storeOutcome(ledger, keyOf(context), outcome);",
    replacement: "",
    tests: EFFECT,
  },
  {
    promise: "an effect begins once (embedded ledger)",
    file: "src/adapters/embedded/effect-ledger.ts",
    source: "if (entry === undefined) {",
    replacement: "if (entry !== null) {",
    tests: ["test/adapters/embedded/backend.test.ts"],
  },
  {
    promise: "an effect begins once (Redis ledger)",
    file: "src/adapters/redis/scripts/begin-effect.lua",
    source: "ARGV[2]) == 1 then return nil end",
    replacement: "ARGV[2]) >= 0 then return nil end",
    tests: ["test/adapters/redis/backend.integration.test.ts"],
  },
  {
    promise: "who has lost the lease begins no effect (embedded)",
    file: "src/adapters/embedded/effect-ledger.ts",
    source: "leaseHolder !== undefined && !isHeldBy(",
    replacement: "leaseHolder === null && !isHeldBy(",
    tests: ["test/adapters/embedded/backend.test.ts"],
  },
  {
    promise: "who has lost the lease begins no effect (Redis)",
    file: "src/adapters/redis/scripts/begin-effect.lua",
    source: "~= ARGV[3] then return 0 end",
    replacement: "== '' then return 0 end",
    tests: ["test/adapters/redis/backend.integration.test.ts"],
  },
  {
    promise: "who has lost the lease stores no checkpoint",
    file: "packages/checkpoint-redis/src/scripts/put.lua",
    source: "if fenced_off then return -4 end",
    replacement: "",
    tests: FENCE,
  },
  {
    promise: "who has lost the lease stores no result of a task",
    file: "packages/checkpoint-redis/src/scripts/put-writes.lua",
    source: "if fenced_off then return -4 end",
    replacement: "",
    tests: FENCE,
  },
  {
    promise: "who has lost the lease deletes no thread",
    file: "packages/checkpoint-redis/src/scripts/delete.lua",
    source: "if fenced_off then return -4 end",
    replacement: "",
    tests: FENCE,
  },
  {
    promise: "the service's saver asks for the lease at all",
    file: "src/adapters/redis/saver.ts",
    source: "fence: leaseFence,",
    replacement: "",
    tests: FENCE,
  },
];
