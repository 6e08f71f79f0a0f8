import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { cutWithDots } from "../../tools/cut.ts";

const events = z.object({
  events: z.array(
    z.object({ eventId: z.string(), eventType: z.string(), time: z.string(), text: z.string() }),
  ),
  /** What the list may lack. */
  note: z.string().exactOptional(),
});
const tasks = z.object({
  tasks: z.array(
    z.object({
      taskId: z.string(),
      status: z.string(),
      progress: z.number(),
      description: z.string(),
    }),
  ),
});

/** Limit of one finding in the answer, in characters. */
const MAX_LINE = 160;

/**
 * What a lookup has found, in the demo model's words and with sources; null when it is no lookup's result.
 */
export function findings(value: unknown, language: Language): string | null {
  const ko = language === "ko";
  const found = events.safeParse(value);
  if (found.success) {
    const lines = found.data.events.map(
      ({ eventId, eventType, time, text }) => `- ${eventType} (${time}): ${oneLine(text)} [${eventId}]`,
    );
    const { note } = found.data;
    if (lines.length === 0) return note ?? (ko ? "찾은 것이 없습니다." : "I found nothing.");
    const count = ko ? `${lines.length}건을 찾았습니다.` : `I found ${lines.length}.`;
    return [count, ...lines, ...(note === undefined ? [] : [note])].join("\n");
  }
  const listed = tasks.safeParse(value);
  if (!listed.success) return null;
  const lines = listed.data.tasks.map(
    ({ taskId, status, progress, description }) =>
      `- ${status} ${progress}%: ${oneLine(description)} [${taskId}]`,
  );
  if (lines.length === 0) return ko ? "작업이 없습니다." : "You have no tasks.";
  const count = lines.length === 1 ? "1 task" : `${lines.length} tasks`;
  return [ko ? `작업 ${lines.length}건입니다.` : `You have ${count}.`, ...lines].join("\n");
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return cutWithDots(line, MAX_LINE);
}
