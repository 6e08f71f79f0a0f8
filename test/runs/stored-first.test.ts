import { setImmediate as nextTurn } from "node:timers/promises";
import type { WireEvent } from "@aura-platform/contract/events.ts";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { INTERRUPT, MemorySaver } from "@langchain/langgraph";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EmbeddedBus } from "../../src/adapters/embedded/bus.ts";
import type { Backend } from "../../src/ports/backend.ts";
import { aRun, range } from "../contracts/harness.ts";
import { planReply } from "../helpers/openai-stub.ts";
import { startStage } from "./stage.ts";

// "Stored before announced", watched at the stores themselves: the log, the saver and the ledger are slow here, and each
// call is compared with what the others have stored by then.

/** Turns of the event loop that storing takes: whoever does not wait for it is through long before. */
const SLOW = 100;

async function slowly<T>(store: () => Promise<T>): Promise<T> {
  for (const _ of range(SLOW)) await nextTurn();
  return store();
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

/** What has been stored so far, and what came before something that it needs. */
interface Notes {
  events: WireEvent[];
  /** Tool calls of checkpoints. */
  calls: Set<string>;
  interrupts: number;
  /** All that checkpoints have claimed. */
  claimed: Set<string>;
  checkpointedEarly: string[];
  /** At the hitl event, at the end of the log and at the beginning of each effect: what was there. */
  atHitl: Record<string, unknown>[];
  atEnd: unknown[];
  atEffect: Record<string, unknown>[];
}

class WatchedSaver extends MemorySaver {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    super();
    this.#notes = notes;
  }

  override async put(...args: Parameters<MemorySaver["put"]>) {
    const values: Record<string, any> = args[1].channel_values;
    this.#compare(values);
    const stored = await slowly(() => super.put(...args));
    for (const message of values.messages ?? [])
      if (AIMessage.isInstance(message))
        for (const { id } of message.tool_calls ?? []) this.#notes.calls.add(id ?? "");
    return stored;
  }

  override async putWrites(...args: Parameters<MemorySaver["putWrites"]>) {
    for (const [channel, value] of args[1]) this.#compare({ [channel]: value });
    await slowly(() => super.putWrites(...args));
    this.#notes.interrupts += args[1].filter(([channel]) => channel === INTERRUPT).length;
  }

  #compare(values: Record<string, unknown>) {
    const known = told(this.#notes.events);
    for (const claim of claims(values)) {
      this.#notes.claimed.add(claim);
      if (!known.has(claim)) this.#notes.checkpointedEarly.push(claim);
    }
  }
}

function watched(backend: Backend, bus: EmbeddedBus, notes: Notes): Backend {
  const { eventLog, ledger, threads, approvals } = backend;
  return {
    ...backend,
    eventLog: {
      ...eventLog,
      async append(runId, events) {
        for (const { event } of events) {
          if (event.type !== "hitl") continue;
          const { requestId } = event.data;
          notes.atHitl.push({
            run: (await threads.run(runId))?.status,
            approval: (await approvals.get(requestId))?.status,
            published: bus.get(`hitl:request:${requestId}`) !== null,
            interrupts: notes.interrupts,
          });
        }
        await slowly(() => eventLog.append(runId, events));
        notes.events.push(...events.map(({ event }) => event));
      },
      async close(runId) {
        notes.atEnd.push((await threads.run(runId))?.status);
        await eventLog.close(runId);
      },
    },
    ledger: {
      ...ledger,
      async begin(key, leaseHolder) {
        const { toolCallId } = key;
        notes.atEffect.push({ toolCallId, checkpointed: notes.calls.has(toolCallId) });
        return ledger.begin(key, leaseHolder);
      },
    },
  };
}

const notes: Notes = {
  events: [],
  calls: new Set(),
  interrupts: 0,
  claimed: new Set(),
  checkpointedEarly: [],
  atHitl: [],
  atEnd: [],
  atEffect: [],
};
let stage: Awaited<ReturnType<typeof startStage>>;

/** One run with a plan, two calls in one turn - one of them approved - and an answer. */
beforeAll(async () => {
  const email = { to: "kim@example.com", subject: "Hi", body: "hello" };
  stage = await startStage({
    script: [
      planReply({ title: "Look" }, { title: "Send", tool: "send_email" }),
      {
        reply: {
          text: ["I look ", "and send."],
          calls: [
            { name: "current_time", args: {} },
            { name: "send_email", args: email },
          ],
        },
      },
      { reply: { text: ["All ", "done."] } },
    ],
    saver: new WatchedSaver(notes),
    watched: (backend, bus) => watched(backend, bus, notes),
  });
  const run = aRun({ prompt: "look, and send" });
  await stage.backend.threads.begin(run);
  await stage.work(run.threadId);
  await stage.approve(run.threadId);
  await stage.work(run.threadId);
  stage.model.verify();
  expect(stage.mails()).toEqual(["Hi"]);
});
afterAll(() => stage.close());

test("whatever a checkpoint says, the log says already: of the plan, the agent's words and the tools' results", () => {
  expect(notes.checkpointedEarly).toEqual([]);
  // It has looked at something of each node.
  expect([...notes.claimed]).toEqual(
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

test("who reads a hitl event can decide at once: checkpoint, approval and run are stored", () => {
  expect(notes.atHitl).toEqual([{ run: "waiting", approval: "pending", published: true, interrupts: 1 }]);
});

test("who reads [DONE] can send the next prompt at once: the run's record is over before its log", () => {
  expect(notes.atEnd).toEqual(["completed"]);
});

test("no effect begins before the checkpoint that asks for it is stored", () => {
  expect(notes.atEffect).toEqual([
    { toolCallId: "call_2_0", checkpointed: true },
    { toolCallId: "call_2_1", checkpointed: true },
  ]);
});
