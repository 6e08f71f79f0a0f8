import type { Language } from "@aura-platform/contract/languages.ts";
import type { EventLog } from "../ports/event-log.ts";
import type { RunRecord } from "../records/run.ts";

/** How much one run may be, whatever its model does. */
export interface RunLimits {
  /** Characters that the model may write; the graph counts them. */
  maxOutput: number;
  /** Events, beyond which the model may say nothing more. */
  maxEvents: number;
  /**
   * How long a run may be worked on, in ms. Waits for people do not count, and neither does the time until
   * somebody takes it up.
   */
  maxRunMs: number;
}

export type RunLimit = "output" | "events" | "time";

/** A run is over because it has reached one of its limits. */
export class RunLimitError extends Error {
  readonly limit: RunLimit;

  constructor(limit: RunLimit) {
    super(`the run has reached its limit of ${limit}`);
    this.name = "RunLimitError";
    this.limit = limit;
  }
}

/** What the user is told: which limit it was, and that the thread can be used. */
export function limitText(limit: RunLimit, limits: RunLimits, language: Language): string {
  return TEXTS[language][limit](limits);
}

const TEXTS: Readonly<Record<Language, Record<RunLimit, (limits: RunLimits) => string>>> = Object.freeze({
  ko: {
    output: ({ maxOutput }) =>
      `모델의 출력이 한 번의 실행에서 허용되는 ${maxOutput}자를 넘어 실행을 중단했습니다. 요청을 나누어 다시 말씀해 주세요.`,
    events: ({ maxEvents }) =>
      `이벤트가 한 번의 실행에서 허용되는 ${maxEvents}개를 넘어 실행을 중단했습니다. 요청을 나누어 다시 말씀해 주세요.`,
    time: ({ maxRunMs }) =>
      `실행이 허용된 시간 ${maxRunMs / 1000}초를 넘어 중단했습니다. 요청을 나누어 다시 말씀해 주세요.`,
  },
  en: {
    output: ({ maxOutput }) =>
      `The model wrote more than the ${maxOutput} characters that one run may have, so the run was stopped. Please ask for less at once.`,
    events: ({ maxEvents }) =>
      `The run came to more than the ${maxEvents} events that one run may have, so it was stopped. Please ask for less at once.`,
    time: ({ maxRunMs }) =>
      `The run took longer than the ${maxRunMs / 1000} seconds that one run may take, so it was stopped. Please ask for less at once.`,
  },
});

/** Ms that the run was worked on up to `at`, for one that has been `running` since its last transition. */
export function workedUntil(run: RunRecord, at: number): number {
  return (run.workedMs ?? 0) + Math.max(0, at - run.updatedAt);
}

/** The same for a run whose worker is gone: until its last event, because nothing later is known. */
export async function workedBeforeLoss(
  log: Pick<EventLog, "tail" | "read">,
  run: RunRecord,
): Promise<number> {
  const { lastSeq } = await log.tail(run.runId);
  const { events } = await log.read(run.runId, Math.max(0, lastSeq - 1), 1);
  return workedUntil(run, events[0]?.at ?? run.updatedAt);
}

/** A signal that aborts the reading of the model when the run's time is over. The clock has to be closed. */
export function runClock(run: RunRecord, { maxRunMs }: RunLimits) {
  const over = new AbortController();
  const end = () => over.abort(new RunLimitError("time"));
  const left = maxRunMs - (run.workedMs ?? 0);
  if (left <= 0) end();
  const timer = setTimeout(end, Math.max(left, 0));
  return { signal: over.signal, close: () => clearTimeout(timer) };
}
