import type { RunEvent } from "@aura-platform/client/events.ts";
import type { EventStream } from "@aura-platform/client/stream.ts";
import { createApprovalDesk } from "../approval-desk.ts";
import { CommandFailure } from "../failure.ts";
import { howToDecide, howToGoOn } from "../how-to-decide.ts";
import type { Session } from "../session.ts";
import { createShow } from "../show.ts";

/**
 * Draws a recorded run after the other, or prints an event a line with --json. What was recorded as failed is
 * a result here.
 */
export async function showRecorded(
  session: Session,
  stream: EventStream,
  promptOf: (runId: string) => string | null,
): Promise<void> {
  const show = createShow(session, stream, promptOf);
  for await (const event of stream.events) show.event(await session.api.wholeEvent(event));
  show.end();
}

/**
 * Shows a run that is executing, to its end. Where it waits for a decision, the person at the terminal is
 * asked for it; where nobody can be asked, or the decision is put off, it ends with how to decide, unless it
 * is to wait. Throws CommandFailure when the run has failed, and (exit code 130) when a question is answered
 * with Ctrl-C.
 */
export function showRunning(
  session: Session,
  stream: EventStream,
  prompt: string | null,
  wait: boolean,
): Promise<void> {
  return session.canAsk
    ? showAndAsk(session, stream, prompt, wait)
    : showUntilAsked(session, stream, prompt, wait);
}

async function showAndAsk(
  session: Session,
  stream: EventStream,
  prompt: string | null,
  wait: boolean,
): Promise<void> {
  const show = createShow(session, stream, () => prompt);
  const desk = createApprovalDesk(session, show);
  let { runId } = stream;
  let waits = false;
  let next: Promise<{ result: IteratorResult<RunEvent, void> }> | null = null;
  try {
    for (;;) {
      next ??= stream.events.next().then((result) => ({ result }));
      const step = await Promise.race([next, desk.answered().then((answer) => ({ answer }))]);
      if ("answer" in step) {
        if (step.answer.verdict === "interrupted") {
          waits = true;
          throw new CommandFailure("stopped; what was not decided goes on waiting", 130);
        }
        await desk.take(step.answer);
      } else {
        next = null;
        if (step.result.done) return desk.over();
        const event = await session.api.wholeEvent(step.result.value);
        runId = event.runId;
        await desk.event(event);
        if (event.type === "error") throw new CommandFailure("the run has failed", 1);
      }
      waits = !wait && (await desk.idle());
      if (waits) return;
    }
  } finally {
    await desk.leave();
    if (waits) show.note(howToGoOn(runId ?? "-", stream.threadId ?? "-"));
    show.end();
    stream.close();
  }
}

/** Ends when every approval that the run waits for is shown, and says how to decide. */
async function showUntilAsked(
  session: Session,
  stream: EventStream,
  prompt: string | null,
  wait: boolean,
): Promise<void> {
  const show = createShow(session, stream, () => prompt);
  const shown = new Set<unknown>();
  for await (const sent of stream.events) {
    const event = await session.api.wholeEvent(sent);
    show.event(event);
    if (event.type === "error") {
      show.end();
      throw new CommandFailure("the run has failed", 1);
    }
    if (event.type !== "hitl") continue;
    shown.add(event.data.requestId);
    // All approvals of a stop are stored before the first is announced: what this answer holds is what will
    // be shown.
    const { items } = await session.api.approvals();
    const open = items.filter(({ runId }) => runId === event.runId).map(({ requestId }) => requestId);
    if (open.length === 0 || !open.every((requestId) => shown.has(requestId))) continue;
    for (const requestId of open) {
      for (const line of howToDecide(session.connection, requestId)) show.note(line);
    }
    if (wait) continue;
    show.note(howToGoOn(event.runId, stream.threadId ?? "-"));
    show.end();
    return;
  }
  show.end();
}
