import type { RunRecord } from "../records/run.ts";
import type { Cancellations } from "./cancel.ts";
import type { Registration } from "./work-on.ts";
import type { RunWriter } from "./writer.ts";

/**
 * One execution of a run: from its prompt, from decisions or from a crash, to its end or the next approvals.
 */
export interface Execution {
  run: RunRecord;
  writer: RunWriter;
  /** Of the events that this execution writes. */
  firstSeq: number;
  signal: AbortSignal;
  onCheckpoint: Registration["onCheckpoint"];
}

/** The run is not ours to continue: it was cancelled or superseded, or another worker has it. */
export class RunTakenAwayError extends Error {
  constructor(runId: string) {
    super(`run ${runId} has been taken away`);
    this.name = "RunTakenAwayError";
  }
}

/** What stops an execution before its end. */
export interface StopSignals {
  /** Aborts when the lease is lost or this process has to stop; the run goes on elsewhere. */
  abandon: AbortSignal;
  cancellations: Pick<Cancellations, "listen">;
}
