import { readdirSync, readFileSync } from "node:fs";
import type { WireEvent } from "@aura-platform/contract/events.ts";
import { type ThreadDocument, threadDocument } from "@aura-platform/contract/thread-document.ts";
import { Command, MemorySaver } from "@langchain/langgraph";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../graphs/aura/build.ts";
import { runInput } from "../../graphs/state/state.ts";
import { approvalsOf, hitlEvent } from "../../src/approvals/open.ts";
import type { RunRecord } from "../../src/records/run.ts";
import { mapGraphEvent } from "../../src/runs/map-event.ts";
import { defaultTools } from "../../tools/registry.ts";
import { PlaybackModel, playbackTools, recordedAnswers } from "./playback.ts";
import { transcript } from "./transcript.ts";

/**
 * Saved conversations (`aura export`, one file each in this folder) against the graph, the prompts and the mapper of today, with the recorded
 * model and decisions. What differs is shown line by line; if it is meant, record again (record.ts) and, for prompts, `npx vitest -u`.
 */
const OWNER = { tenantId: "tenant1", userId: "user123" };
const folder = import.meta.dirname;
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

test("there are recordings", () => {
  expect(names.length).toBeGreaterThan(0);
});

describe.each(names)("%s", (name) => {
  const document = threadDocument.parse(JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));

  test("goes as it was recorded", async () => {
    const answers = await recordedAnswers(document);
    const saver = new MemorySaver();
    const prompts: string[] = [];
    for (const { run, events } of document.runs) {
      const model = new PlaybackModel(answers.get(run.runId) ?? []);
      const seen = await playRun(document, { ...run, ...OWNER }, model, saver);
      if (model.mismatch !== null) throw model.mismatch;
      expect(transcript(seen)).toEqual(transcript(events.map(({ event }) => event)));
      expect(model.left).toBe(0);
      prompts.push(...model.prompts);
    }
    await expect(`${prompts.join("\n----\n")}\n`).toMatchFileSnapshot(
      `${folder}/${name.replace(".json", ".prompts.txt")}`,
    );
  });
});

async function playRun(
  document: ThreadDocument,
  run: RunRecord,
  model: PlaybackModel,
  saver: MemorySaver,
): Promise<WireEvent[]> {
  const tools = defaultTools({ mail: { smtpUrl: undefined, from: "aura@dwp.local" } });
  const graph = buildGraph({ model, tools: playbackTools(tools, document), checkpointer: saver });
  const { threadId: thread_id, runId } = run;
  const config = { configurable: { thread_id, runId, ...OWNER } };
  const seen: WireEvent[] = [];
  const asked = new Set<string>();
  let input: unknown = runInput(run);
  while (input !== null) {
    for await (const chunk of await graph.stream(input as any, { ...config, streamMode: "custom" })) {
      seen.push(...mapGraphEvent(chunk, 0));
    }
    const waiting = approvalsOf(run, await graph.getState(config), 0, 1);
    seen.push(...waiting.filter(({ requestId }) => !asked.has(requestId)).map(hitlEvent));
    for (const { requestId } of waiting) asked.add(requestId);
    input = nextDecision(document, run, waiting);
  }
  return seen;
}

/** The recorded decisions one by one, in their order. */
function nextDecision(
  document: ThreadDocument,
  run: RunRecord,
  waiting: readonly { toolCallId: string; interruptId: string }[],
): Command | null {
  const [decided] = document.approvals
    .filter(({ runId, status }) => runId === run.runId && status !== "pending")
    .toSorted((a, b) => (a.decidedAt ?? 0) - (b.decidedAt ?? 0))
    .flatMap((approval) => {
      const call = waiting.find(({ toolCallId }) => toolCallId === approval.toolCallId);
      return call === undefined ? [] : [{ interruptId: call.interruptId, approval }];
    });
  if (decided === undefined) return null;
  const { status, reason } = decided.approval;
  return new Command({ resume: { [decided.interruptId]: { status, ...(reason && { reason }) } } });
}
