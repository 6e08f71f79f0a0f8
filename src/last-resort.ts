import type { Logger } from "pino";
import { describeError } from "./log.ts";
import { currentRun } from "./runs/current-run.ts";

/** A fault that nobody has caught: what the process holds may be wrong from now on. */
export interface Crash {
  /** The run in whose service it happened, where that is known. */
  runId: string | undefined;
}

export interface LastResortOptions {
  logger: Logger;
  /** Closes everything in good order. */
  close: (crash: Crash) => Promise<void>;
  /** How long that may take, in ms. */
  deadlineMs: number;
}

/**
 * What becomes of faults that nobody has caught. A rejected promise that nobody looks after is logged, and
 * the process serves on: what awaited nothing misses nothing. After an exception that nobody caught the
 * process closes in good order and exits with 1. Both are logged with the run that they belong to, where that
 * is known.
 */
export function installLastResort({ logger, close, deadlineMs }: LastResortOptions): void {
  const log = logger.child({}, { serializers: { err: describeError } });
  let closing = false;
  process.on("unhandledRejection", (err) => {
    log.error({ err, ...currentRun() }, "a rejected promise was not handled");
  });
  process.on("uncaughtException", (err) => {
    const run = currentRun();
    log.fatal({ err, ...run }, "an exception was not caught");
    if (closing) return;
    closing = true;
    process.exitCode = 1;
    setTimeout(() => process.exit(1), deadlineMs).unref();
    close({ runId: run?.runId }).then(
      () => process.exit(1),
      (error: unknown) => {
        log.error({ err: error }, "closing failed");
        process.exit(1);
      },
    );
  });
}
