import { createDrawing, type Drawing } from "../draw.ts";
import type { RunEvent } from "../events.ts";
import { CommandFailure } from "../failure.ts";
import { howToDecide, howToGoOn } from "../how-to-decide.ts";
import type { Session } from "../session.ts";
import type { EventStream } from "../stream.ts";
import { harmlessJson } from "../text.ts";

/** Draws a recorded run after the other, or prints an event a line with --json. What was recorded as failed is a result here. */
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
 * Shows a run that is executing. Unless it is to wait, it ends when every approval that the run waits for is shown, and says
 * how to decide. Throws CommandFailure when the run has failed.
 */
export async function showRunning(
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
    // All approvals of a stop are stored before the first is announced: what this answer holds is what will be shown.
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

interface Show {
  event(event: RunEvent): void;
  note(text: string): void;
  end(): void;
}

function createShow(session: Session, stream: EventStream, promptOf: (runId: string) => string | null): Show {
  const { threadId } = stream;
  if (session.json) {
    const event = ({ id, type, data }: RunEvent) =>
      session.out.write(`${harmlessJson({ id, threadId, type, data })}\n`);
    return { event, note() {}, end() {} };
  }
  const drawing: Drawing = createDrawing(session.out, session.connection.language);
  let current: string | null = null;
  return {
    event(event) {
      if (event.runId !== current) {
        if (current !== null) drawing.end();
        drawing.note(`thread ${threadId ?? "-"}  run ${event.runId}`, "dim");
        drawing.begin(promptOf(event.runId));
        current = event.runId;
      }
      drawing.event(event);
    },
    note: (text) => drawing.note(text, "dim"),
    end: () => drawing.end(),
  };
}
