import type { RunEvent } from "@aura-platform/client/events.ts";
import type { EventStream } from "@aura-platform/client/stream.ts";
import { createDrawing, type Drawing } from "./draw.ts";
import type { Prompt } from "./screen.ts";
import type { Session } from "./session.ts";
import type { Style } from "./terminal.ts";
import { harmlessJson } from "./text.ts";

/**
 * Where the events of a stream are shown: drawn, or an event a line with --json, which has no notes and no
 * questions.
 */
export interface Show {
  event(event: RunEvent): void;
  note(text: string, style?: Style): void;
  prompt(prompt: Prompt | null): void;
  /** Leaves the terminal to another program until the work is done. */
  away<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/** @param promptOf what a run was asked for, which stands above it; null: not known */
export function createShow(
  session: Session,
  stream: EventStream,
  promptOf: (runId: string) => string | null,
): Show {
  const { threadId } = stream;
  if (session.json) {
    const event = ({ id, type, data }: RunEvent) =>
      session.out.write(`${harmlessJson({ id, threadId, type, data })}\n`);
    return { event, note() {}, prompt() {}, away: (work) => work(), end() {} };
  }
  const drawing: Drawing = createDrawing(session.out, session.connection.language);
  if (session.out.live) session.noticeOnScreen((text) => drawing.note(text, "dim"));
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
    note: (text, style = "dim") => drawing.note(text, style),
    prompt: (prompt) => drawing.prompt(prompt),
    away: (work) => drawing.away(work),
    end() {
      drawing.end();
      session.noticeOnScreen(null);
    },
  };
}
