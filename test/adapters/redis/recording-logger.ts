import { inspect } from "node:util";
import type { BackendLogger } from "../../../src/adapters/backend-logger.ts";

export interface RecordingLogger extends BackendLogger {
  /** `level: message` */
  lines: string[];
  /** What was logged with the message, as text. */
  details: string[];
  /** Resolves when the line has been logged, from now on. */
  next(line: string): Promise<void>;
}

/** Keeps what is logged, and lets a test wait for it. */
export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const details: string[] = [];
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const log =
    (level: string) =>
    (first: unknown, message?: unknown): void => {
      const line = `${level}: ${message ?? first}`;
      lines.push(line);
      details.push(inspect(first, { depth: 20 }));
      waiting.get(line)?.resolve();
      waiting.delete(line);
    };
  return {
    lines,
    details,
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    next(line) {
      const waiter = waiting.get(line) ?? Promise.withResolvers<void>();
      waiting.set(line, waiter);
      return waiter.promise;
    },
  };
}
