import type { Mutant } from "../mutant.ts";

const GRAPH = ["test/unit/graphs/approval.test.ts", "test/unit/graphs/effect.test.ts"];
const CLIENTS = ["test/unit/graphs/langgraph-clients.test.ts"];
const SIGNALS = ["test/http/signals.test.ts", "test/http/garbage-signals.test.ts"];
const SWEEP = ["test/unit/runs/sweep.test.ts"];
const CONTRACTS = ["test/backends/embedded.test.ts"];
const REDIS_CONTRACTS = ["test/backends/redis.test.ts"];

/** What a person decides about, who may, and that it is decided once. */
export const APPROVALS: readonly Mutant[] = [
  {
    promise: "what was shown is what runs: the digest of the approval is the call's",
    file: "graphs/ask.ts",
    source: "digest !== undefined &&",
    replacement: "digest === null &&",
    tests: GRAPH,
  },
  {
    promise: "an edit keeps its tool",
    file: "graphs/read-decision.ts",
    source: "if (edit.tool !== call.tool)",
    replacement: "if (edit.tool === null)",
    tests: CLIENTS,
  },
  {
    promise: "an edit is checked while the approval can still be decided",
    file: "graphs/read-decision.ts",
    source: "if (found.ok) return read;",
    replacement: "if (found !== null) return read;",
    tests: CLIENTS,
  },
  {
    promise: "an approval that holds another decision as well runs nothing",
    file: "graphs/read-decision.ts",
    source: "NOT_OF_AN_APPROVAL.some((key) => given[key])",
    replacement: "NOT_OF_AN_APPROVAL.some((key) => given[key] === null)",
    tests: CLIENTS,
  },
  {
    promise: "one answer without an id is not every waiting call's",
    file: "graphs/build.ts",
    source: "[STRICT_RESUME]: true",
    replacement: "[STRICT_RESUME]: false",
    tests: CLIENTS,
  },
  {
    promise: "only an approved call runs",
    file: "graphs/ask.ts",
    source: `status !== "approved"`,
    replacement: `status === "rejected"`,
    tests: GRAPH,
  },
  {
    promise: "what was asked about stays asked about, whatever the policy says by then",
    file: "graphs/tool-call.ts",
    source: "task.asks === true ||",
    replacement: "task.asks === null ||",
    tests: ["test/unit/graphs/tool-source.test.ts"],
  },
  {
    promise: "a policy that breaks does not open the door",
    file: "graphs/tool-task.ts",
    source: "report(error, `approval policy",
    replacement: "return false; report(error, `approval policy",
    tests: ["test/unit/graphs/approval.test.ts", "test/unit/graphs/tool-failures.test.ts"],
  },
  {
    promise: "requestId is made of LangGraph's task id: tool call ids alone repeat",
    file: "src/approvals/open.ts",
    source: "JSON.stringify([threadId, taskId, toolCallId])",
    replacement: "JSON.stringify([threadId, toolCallId])",
    tests: ["test/unit/approvals/open.test.ts"],
  },
  {
    promise: "a signal decides about its own session's approval only",
    file: "src/approvals/decide.ts",
    source: "approval.threadId !== sessionId",
    replacement: "approval.threadId === null",
    tests: SIGNALS,
  },
  {
    promise: "another tenant in hitl:request refuses the signal",
    file: "src/adapters/published-request.ts",
    source: "if (!isOfTenant(parsePublishedRequest(request), tenantId)) {",
    replacement: "if (tenantId === null) {",
    tests: SIGNALS,
  },
  {
    promise: "another tenant in hitl:request decides nothing, however it was found",
    file: "src/approvals/published-request.ts",
    source: "return named === null ||",
    replacement: "return named !== tenantId ||",
    tests: [...SIGNALS, ...CONTRACTS],
  },
  {
    promise: "another tenant in hitl:request holds no new message up",
    file: "src/approvals/published-request.ts",
    source: "return isOfTenant(published, tenantId) ?",
    replacement: "return tenantId !== null ?",
    tests: [...SIGNALS, ...CONTRACTS],
  },
  {
    promise: "what Main Service wrote into hitl:request wins over the signal",
    file: "src/approvals/signal.ts",
    source: "if (standing !== null) return standing;",
    replacement: "",
    tests: ["test/unit/approvals/signal.test.ts", ...SIGNALS],
  },
  {
    promise: "the sweep finds decisions that no signal has told",
    file: "src/approvals/reconcile.ts",
    source: "const decided = publishedDecision(request, at) ??",
    replacement: "const decided =",
    tests: SWEEP,
  },
  {
    promise: "the sweep finds the decision in hitl:signal",
    file: "src/approvals/reconcile.ts",
    source: "?? keptSignal(approval, published?.signal ?? null, at)",
    replacement: "",
    tests: SWEEP,
  },
  {
    promise: "an approval whose time is over expires",
    file: "src/approvals/reconcile.ts",
    source: "return approval.expiresAt <= at ?",
    replacement: "return approval.expiresAt <= 0 ?",
    tests: SWEEP,
  },
  {
    promise: "an approval leaves pending once (embedded)",
    file: "src/adapters/embedded/approval-store.ts",
    source: `const settled = record.status === "pending" ?`,
    replacement: "const settled = record.status !== null ?",
    tests: CONTRACTS,
  },
  {
    promise: "an approval leaves pending once (Redis)",
    file: "src/adapters/redis/scripts/settle.lua",
    source: "if status == 'pending' then",
    replacement: "if status then",
    tests: REDIS_CONTRACTS,
  },
  {
    promise: "a decided approval's run becomes due in the same step (Redis)",
    file: "src/adapters/redis/scripts/settle.lua",
    source: "redis.call('ZADD', KEYS[4], at, due)",
    replacement: "",
    tests: REDIS_CONTRACTS,
  },
  {
    promise: "no expiry overtakes a decision of Main Service",
    file: "src/adapters/redis/scripts/settle.lua",
    source: "if redis.call('GET', KEYS[2]) ~= expected then",
    replacement: "if redis.call('GET', KEYS[2]) == '' then",
    tests: ["test/backends/redis-approvals.test.ts", ...REDIS_CONTRACTS],
  },
  {
    promise: "a new message gives nothing up that has just been decided",
    file: "src/runs/start.ts",
    source: `if (superseded.kind === "decided") return busy;`,
    replacement: "",
    tests: ["test/unit/runs/start.test.ts"],
  },
  {
    promise: "superseding fails when one has been decided (embedded)",
    file: "src/adapters/embedded/approval-store.ts",
    source: "awaitsResume(record.status) || isPublishedAsDecided(record)",
    replacement: "false",
    tests: CONTRACTS,
  },
  {
    promise: "superseding fails when one is decided meanwhile (Redis)",
    file: "src/adapters/redis/scripts/supersede.lua",
    source: "if approval[1] ~= 'pending' then return 0 end",
    replacement: "",
    tests: ["test/backends/redis-approvals.test.ts"],
  },
  {
    promise: "superseding fails when Main Service has decided and not yet told",
    file: "src/adapters/published-request.ts",
    source: "return standingDecision(requestJson, tenantId, 0) !== null;",
    replacement: "return requestJson === tenantId;",
    tests: [...CONTRACTS, ...REDIS_CONTRACTS],
  },
];
