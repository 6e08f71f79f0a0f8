import { z } from "zod";
import { type AuraTool, ToolError } from "./tool.ts";

/** DWP's users are in Korea; the server's own zone is that of its container. */
const DEFAULT_TIME_ZONE = "Asia/Seoul";

const schema = z.strictObject({
  timeZone: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("IANA time zone, such as Asia/Seoul. Default: Asia/Seoul"),
});

/** Tells the date and time; needs no approval. */
export function currentTime(): AuraTool<typeof schema> {
  return {
    name: "current_time",
    description: "Tells the current date and time in a time zone.",
    schema,
    approval: "never",
    idempotent: true,
    approvalMessage: (_args, language) =>
      language === "ko" ? "현재 시각을 확인할까요?" : "Look up the current time?",
    async execute({ timeZone = DEFAULT_TIME_ZONE }, { language }) {
      const now = new Date();
      try {
        return { timeZone, time: isoInZone(now, timeZone), weekday: weekday(now, timeZone), unix: unix(now) };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const text =
          language === "ko" ? `알 수 없는 시간대입니다: ${timeZone}` : `${timeZone} is not a known time zone`;
        throw new ToolError(text, error);
      }
    },
  };
}

function unix(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function weekday(date: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("en-US", { timeZone, weekday: "long" }).format(date);
}

/** ISO 8601 with the zone's offset, e.g. 2026-01-02T09:00:00+09:00. */
function isoInZone(date: Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  });
  const part = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
  // "GMT+09:00", and plain "GMT" for zero.
  const offset = part.timeZoneName?.slice("GMT".length) || "+00:00";
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}${offset}`;
}
