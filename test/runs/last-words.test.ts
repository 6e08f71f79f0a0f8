import type { WireEvent } from "@aura-platform/contract/events.ts";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { pino } from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { closing } from "../../graphs/aura/outside.ts";
import { createEmbeddedBackend } from "../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import type { Agent } from "../../src/ports/agent-graph.ts";
import { eachEvent } from "../../src/runs/each-event.ts";
import { createPresence } from "../../src/runs/presence.ts";
import { windUp } from "../../src/runs/wind-up.ts";
import { createRunWriter } from "../../src/runs/writer.ts";
import { threadAudit } from "../../src/threads/audit.ts";
import { anApproval, aRun, OWNER } from "../contracts/harness.ts";

/** How far one call has come when its run is brought to an end from outside. */
const call = fc.record({
  asks: fc.boolean(),
  decision: fc.constantFrom("none", "approved", "rejected", "expired"),
  /** What the tool does: nothing yet, something without an end, or something with an outcome. */
  effect: fc.constantFrom("none", "begun", "ok", "failed", "uncertain"),
  toldExecuting: fc.boolean(),
  toldEnd: fc.boolean(),
  isCheckpointed: fc.boolean(),
  /** The outcome comes after the last word. */
  isLate: fc.boolean(),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

const OUTCOMES = Object.freeze({
  ok: { ok: true, result: { messageId: "<sent>" } },
  failed: { ok: false, problem: "refused" },
  uncertain: { ok: false, problem: "who knows", uncertain: true },
});
const WORDS = Object.freeze({ ok: "completed", failed: "failed", uncertain: "unknown", begun: "unknown" });

/** What can be: nothing runs before it may, nothing is told before it is known, nothing is checkpointed before it is told. */
function possible(drawn: Call) {
  const decision = drawn.asks ? drawn.decision : "approved";
  const effect = decision === "approved" ? drawn.effect : "none";
  const isOver = effect === "ok" || effect === "failed" || effect === "uncertain";
  const isRefused = decision === "rejected" || decision === "expired";
  const toldEnd = drawn.toldEnd && (isOver || isRefused);
  return {
    ...drawn,
    ...{ decision, effect, isOver, toldEnd },
    toldExecuting: effect !== "none" && (drawn.toldExecuting || toldEnd),
    isCheckpointed: toldEnd && drawn.isCheckpointed,
    word: effect === "none" ? "not_executed" : WORDS[effect],
  };
}

const toolEvent = (toolCallId: string, data: Record<string, unknown>) =>
  ({
    type: "tool_execution",
    data: { tool: "send_email", toolCallId, parameters: {}, result: null, ...data },
  }) as WireEvent;

test("a call's last word is true, is said once, and is the same for the client, the audit and the model", async () => {
  const ending = fc.record({
    calls: fc.array(call, { maxLength: 4 }),
    failed: fc.boolean(),
    cutOff: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(ending, async ({ calls: drawn, failed, cutOff }) => {
      const calls = drawn.map(possible);
      const logger = pino({ level: "silent" });
      const backend = createEmbeddedBackend({ bus: createEmbeddedBus(), logger });
      const { threads, approvals, ledger, eventLog } = backend;
      const presence = createPresence({ threads, leaseMs: 60_000, logger });
      const run = aRun({ ...OWNER, language: "en" });
      const { runId, threadId } = run;
      await threads.begin(run);
      await threads.transition(runId, ["queued"], "running", 1);
      const key = (at: number) => ({ threadId, taskId: `task-${at}`, toolCallId: `call-${at}` });
      const writer = createRunWriter(eventLog, runId, 0, Date.now);
      const late: (() => Promise<void>)[] = [];
      for (const [at, each] of calls.entries()) {
        const { toolCallId, taskId } = key(at);
        if (each.asks) {
          const approval = anApproval({
            ...OWNER,
            requestId: `req-${runId}-${at}`,
            threadId,
            runId,
            taskId,
            toolCallId,
          });
          await approvals.open([approval]);
          const { requestId, actionType, message, context } = approval;
          await writer.write([
            {
              type: "hitl",
              data: { requestId, actionType, message, context, requiresApproval: true, toolCallId },
            },
          ]);
          const { decision: status } = each;
          if (status !== "none")
            await approvals.settle(requestId, { status: status as "approved", decidedAt: 2 });
        }
        if (each.effect !== "none") await ledger.begin(key(at));
        const outcome = each.isOver ? OUTCOMES[each.effect as keyof typeof OUTCOMES] : undefined;
        if (outcome !== undefined) await ledger.finish(key(at), outcome);
        else if (each.effect === "begun" && each.isLate) late.push(() => ledger.finish(key(at), OUTCOMES.ok));
        if (each.toldExecuting) await writer.write([toolEvent(toolCallId, { status: "executing" })]);
        if (each.toldEnd) {
          const status = each.word === "completed" ? "completed" : "failed";
          await writer.write([toolEvent(toolCallId, { status, outcome: each.word, result: "said" })]);
        }
      }
      await writer.flush();
      const open = calls.flatMap(({ isCheckpointed }, at) =>
        isCheckpointed ? [] : [{ ...key(at), tool: "send_email", args: {} }],
      );
      const read: ToolMessage[] = [];
      let closed = false;
      const agent = {
        graph: {
          getState: async () => ({
            values: { messages: [new AIMessage({ id: runId, content: "" })] },
            tasks: closed ? [] : open.map(({ taskId }) => ({ id: taskId, name: "tools", interrupts: [] })),
          }),
        },
        answerCalls: async (_thread: unknown, closings: { message: ToolMessage }[]) => {
          read.push(...closings.map(({ message }) => message).filter((each) => ToolMessage.isInstance(each)));
          closed = true;
        },
        hasUnappliedAnswers: () => false,
        openCalls: () => (closed ? [] : open),
        closing,
        settled: async () => {},
        forget: async () => {},
        keepPartialAnswer: async () => {
          closed = true;
        },
      } as unknown as Agent;
      const error = { errorCode: "E5000", message: "the model failed" } as const;
      const over = await threads.transition(
        runId,
        ["running"],
        failed ? "failed" : "cancelled",
        3,
        failed ? { error } : {},
      );
      if (over === null) throw new Error("the run is not running");
      let cut = cutOff;
      const cuttingLog = {
        ...eventLog,
        close: async (id: string) => {
          if (!cut) return eventLog.close(id);
          cut = false;
          throw new Error("cut off");
        },
      };
      const deps = { ...backend, eventLog: cuttingLog, agent, logger, presence, now: Date.now };
      await windUp(deps, over, "cancelled").catch((reason: unknown) => {
        if (!cutOff) throw reason;
      });
      for (const finish of late) await finish();
      await windUp(deps, over, "cancelled");

      const ends: { toolCallId: string; outcome: unknown }[] = [];
      await eachEvent(eventLog, runId, (event) => {
        if (event.type === "tool_execution" && event.data.status !== "executing")
          ends.push(event.data as never);
      });
      const audit = z
        .object({
          items: z.array(z.object({ toolCallId: z.string(), outcome: z.object({ state: z.string() }) })),
        })
        .parse(await threadAudit(backend, OWNER, threadId));
      for (const [at, { word, asks, isCheckpointed }] of calls.entries()) {
        const { toolCallId } = key(at);
        expect(ends.filter((end) => end.toolCallId === toolCallId).map(({ outcome }) => outcome)).toEqual([
          word,
        ]);
        const audited = audit.items.find((item) => item.toolCallId === toolCallId);
        expect(audited?.outcome.state).toBe(asks ? word : undefined);
        const answers = read.filter((message) => message.tool_call_id === toolCallId);
        expect(answers).toHaveLength(isCheckpointed ? 0 : 1);
        for (const { text } of answers) {
          expect(text.includes("sent>")).toBe(word === "completed");
          expect(text.startsWith("NOT EXECUTED")).toBe(word === "not_executed");
        }
      }
      presence.close();
      await backend.close();
    }),
    { numRuns: 200 },
  );
});
