import { setImmediate as nextTurn } from "node:timers/promises";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createMailbox } from "../../../devstack/mailbox.ts";
import { createEmbeddedBackend } from "../../../src/adapters/embedded/backend.ts";
import { createEmbeddedBus } from "../../../src/adapters/embedded/bus.ts";
import { createAgent } from "../../../src/agent.ts";
import { loadConfig } from "../../../src/config.ts";
import type { Backend } from "../../../src/ports/backend.ts";
import { advance } from "../../../src/runs/advance.ts";
import { createCancellations } from "../../../src/runs/cancel.ts";
import type { WireEvent } from "../../../src/runs/event.ts";
import { createHolding } from "../../../src/runs/holding.ts";
import { createPresence } from "../../../src/runs/presence.ts";
import { aRun, range } from "../../contracts/harness.ts";
import { planReply, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { JWT_SECRET } from "../../helpers/stack.ts";

/** Turns of the event loop that an append takes: whatever does not wait for it is through long before. */
const SLOW = 100;

/** The log of `backend`, slow, and what it has stored. */
function slowLog({ eventLog }: Backend) {
  const stored: WireEvent[] = [];
  const append: typeof eventLog.append = async (runId, events) => {
    for (const _ of range(SLOW)) await nextTurn();
    await eventLog.append(runId, events);
    stored.push(...events.map(({ event }) => event));
  };
  return { stored, eventLog: { ...eventLog, append } };
}

/** What a checkpoint's values say of a run, one name per thing that a client has to hear of. */
function claims({ messages = [], steps = [] }: Record<string, any>): string[] {
  // The plan replaces the steps of the run before: LangGraph's Overwrite.
  const replaced = steps.__overwrite__ ?? steps;
  return [
    ...[messages].flat().flatMap((message: unknown) => {
      if (ToolMessage.isInstance(message)) return [`answer of ${message.tool_call_id}`];
      return AIMessage.isInstance(message) && message.text !== "" ? [`text ${message.text}`] : [];
    }),
    ...[replaced].flat().map(({ id, status }) => `${id} ${status}`),
  ];
}

/** The same names, of events. */
function told(events: readonly WireEvent[]): Set<string> {
  const names = new Set<string>();
  const texts = new Map<string, string>();
  for (const { type, data } of events) {
    if (type === "plan_step") names.add(`${data.id} ${data.status}`);
    if (type === "tool_execution" && data.status !== "executing") names.add(`answer of ${data.toolCallId}`);
    if (type === "content") texts.set(data.messageId, (texts.get(data.messageId) ?? "") + data.content);
  }
  for (const text of texts.values()) names.add(`text ${text}`);
  return names;
}

/** A saver that notes what it is given before the log has it, and all that it is given. */
function watchfulSaver(stored: readonly WireEvent[]) {
  const claimed = new Set<string>();
  const early: string[] = [];
  const note = (values: Record<string, unknown>) => {
    const known = told(stored);
    for (const claim of claims(values)) {
      claimed.add(claim);
      if (!known.has(claim)) early.push(claim);
    }
  };
  class WatchfulSaver extends MemorySaver {
    override put(...args: Parameters<MemorySaver["put"]>) {
      note(args[1].channel_values);
      return super.put(...args);
    }
    override putWrites(...args: Parameters<MemorySaver["putWrites"]>) {
      for (const [channel, value] of args[1]) note({ [channel]: value });
      return super.putWrites(...args);
    }
  }
  return { saver: new WatchfulSaver(), claimed, early };
}

test("whatever a checkpoint says, the log says already: of the plan, the agent's words and the tools' results", async () => {
  const call = (name: string, args: Record<string, unknown>) => ({ name, args });
  const model = await startOpenAiStub([
    planReply({ title: "Look" }, { title: "Send", tool: "send_email" }),
    {
      reply: {
        text: ["I look ", "and send."],
        calls: [
          call("current_time", {}),
          call("send_email", { to: "kim@example.com", subject: "Hi", body: "hello" }),
        ],
      },
    },
    { reply: { text: ["All ", "done."] } },
  ]);
  const mailbox = await createMailbox({ port: 0 });
  const logger = pino({ level: "silent" });
  const embedded = createEmbeddedBackend({ bus: createEmbeddedBus(), logger });
  const holding = createHolding(embedded.leases, 600_000, logger, Date.now);
  onTestFinished(async () => {
    holding.close();
    await Promise.all([embedded.close(), mailbox.close(), model.close()]);
  });
  const { stored, eventLog } = slowLog(embedded);
  const backend = { ...embedded, eventLog };
  const { saver, claimed, early } = watchfulSaver(stored);
  const env = { AURA_BACKEND: "embedded", OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" };
  const config = loadConfig({ JWT_SECRET, SMTP_URL: mailbox.url, ...env });
  const agent = createAgent(config, {
    threads: { saver, forget: async () => {} },
    ledger: backend.ledger,
    logger,
    source: { tools: () => [], whyMissing: () => undefined },
    reach: {},
  });
  const presence = createPresence({ threads: backend.threads, leaseMs: 600_000, logger });
  onTestFinished(() => presence.close());
  const deps = {
    backend,
    agent,
    logger,
    presence,
    now: Date.now,
    approvalTtlMs: 600_000,
    limits: config.limits,
  };
  const stop = { shutdown: new AbortController().signal, cancellations: createCancellations() };
  const run = aRun({ prompt: "look, and send" });

  await backend.threads.begin(run);
  await advance(deps, holding, stop, run.threadId);
  const [approval] = await backend.approvals.unfinished(run.threadId);
  await backend.approvals.settle(approval?.requestId ?? "", { status: "approved", decidedAt: 1 });
  await advance(deps, holding, stop, run.threadId);

  expect((await backend.threads.run(run.runId))?.status).toBe("completed");
  expect(mailbox.mails()).toHaveLength(1);
  model.verify();
  expect(early).toEqual([]);
  // It has looked at something of each node.
  expect([...claimed]).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/pending$/),
      "text I look and send.",
      "answer of call_2_0",
      "answer of call_2_1",
      "text All done.",
      expect.stringMatching(/completed$/),
    ]),
  );
});
