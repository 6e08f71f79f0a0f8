import type { RunDetail } from "@aura-platform/client/shapes.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { CommandFailure, UsageFailure } from "../failure.ts";
import { readDocument } from "../read-document.ts";
import type { Session } from "../session.ts";
import { durationOf, tableOf, timeOf } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { harmlessLine } from "../text.ts";
import { showRecorded, showRunning } from "./stream.ts";

/** `run`: how it went, where the time and the tokens went. */
export async function run(session: Session, runId: string): Promise<void> {
  const detail = await session.api.run(runId);
  session.print(detail, () => runText(session.out, detail));
}

/** `cancel`: stops a run wherever it is; its approvals are void. */
export async function cancel(session: Session, runId: string): Promise<void> {
  const detail = await session.api.cancel(runId);
  session.print(detail, () => `${detail.runId} ${harmlessLine(detail.status)}`);
}

/** `chat`: sends a prompt and draws the run. */
export async function chat(
  session: Session,
  prompt: string,
  options: { thread?: string | undefined; wait?: boolean | undefined },
): Promise<void> {
  if (prompt.trim() === "") throw new UsageFailure("the prompt is empty");
  const stream = await session.api.chat(prompt, options.thread);
  await showRunning(session, stream, prompt, options.wait === true);
}

/** `replay`: draws what was recorded, at its pace. */
export async function replay(
  session: Session,
  threadId: string,
  options: { run?: string | undefined; from?: string | undefined; speed: number },
): Promise<void> {
  const { run: runId, from, speed } = options;
  const prompts = new Map<string, string>();
  if (!session.json) {
    for (const each of (await session.api.thread(threadId)).runs) prompts.set(each.runId, each.prompt);
  }
  const stream = await session.api.replay(threadId, { runId, from, speed });
  await showRecorded(session, stream, (id) => prompts.get(id) ?? null);
}

/** `fork`: goes on from a checkpoint in a new thread, and draws its run. */
export async function fork(
  session: Session,
  threadId: string,
  checkpointId: string,
  options: { prompt?: string | undefined; edits?: string | undefined; wait?: boolean | undefined },
): Promise<void> {
  const { prompt } = options;
  const edits = options.edits === undefined ? undefined : await readEdits(options.edits);
  const stream = await session.api.fork(threadId, { checkpointId, prompt, edits });
  await showRunning(session, stream, prompt ?? null, options.wait === true);
}

async function readEdits(file: string): Promise<Record<string, unknown>> {
  const text = await readDocument(file);
  try {
    return jsonObject.parse(JSON.parse(text));
  } catch (error) {
    throw new CommandFailure(`${file} must be a JSON object of state keys with their new values`, 1, error);
  }
}

function runText(out: Terminal, detail: RunDetail): string {
  const { usage, waitedMs, error } = detail;
  const parts = [
    `${out.style("bold", detail.runId)}  ${harmlessLine(detail.status)}  thread ${detail.threadId}`,
    ...(detail.prompt === undefined ? [] : [`> ${harmlessLine(detail.prompt)}`]),
    `started ${timeOf(detail.createdAt)}, last change ${timeOf(detail.updatedAt)}, attempt ${detail.attempt}`,
    ...(waitedMs === undefined ? [] : [`waited for people: ${durationOf(waitedMs)}`]),
    ...(usage === undefined ? [] : [usageText(usage)]),
  ];
  if (error !== undefined) {
    parts.push(out.style("red", harmlessLine(`error ${error.errorCode}: ${error.message}`)));
  }
  if (detail.nodes.length > 0) {
    const rows = detail.nodes.map(({ node, startedAt, ms }) => [durationOf(ms), timeOf(startedAt), node]);
    parts.push("", tableOf(out, ["TIME", "STARTED", "NODE"], rows));
  }
  if (detail.tools.length > 0) {
    const rows = detail.tools.map(({ tool, status, outcome, startedAt, ms }) => [
      durationOf(ms),
      timeOf(startedAt),
      // What failed may have had its effect, or never have begun.
      (outcome ?? status) === status ? status : `${status} (${outcome})`,
      tool,
    ]);
    parts.push("", tableOf(out, ["TIME", "STARTED", "STATUS", "TOOL"], rows));
  }
  return parts.join("\n");
}

function usageText(usage: RunDetail["usage"]): string {
  if (!usage) return "tokens: not reported by the model";
  return `tokens: ${usage.inputTokens} in, ${usage.outputTokens} out, ${usage.totalTokens} in all`;
}
