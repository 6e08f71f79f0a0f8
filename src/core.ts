import type { ToolList } from "@aura-platform/contract/tools.ts";
import type { Edit } from "./approvals/edit.ts";
import type { IngestEvents } from "./http/events.ts";
import type { ReadyDetails } from "./http/health.ts";
import type { RunsDeps } from "./http/runs.ts";
import type { CopyDeps } from "./http/thread-copies.ts";
import type { ThreadsDeps } from "./http/threads.ts";
import type { Backend } from "./ports/backend.ts";
import type { ApprovalRecord } from "./records/approval.ts";
import type { Owner, RunRecord, ThreadRecord } from "./records/run.ts";
import type { Prompt } from "./runs/start.ts";

/** What the service can do, whoever asks it to. */
export interface UseCases {
  backend: Pick<Backend, "name" | "threads" | "eventLog" | "approvals">;
  /**
   * Resolves with details for operators when the service can take prompts; rejects with
   * BackendUnavailableError when it cannot.
   */
  ready(): Promise<ReadyDetails>;
  start(prompt: Prompt): Promise<RunRecord>;
  cancel(owner: Owner, runId: string): Promise<RunRecord>;
  /** Puts an approval with other arguments in the place of one that waits. */
  edit(owner: Owner, edit: Edit): Promise<ApprovalRecord>;
  /** For the operations of src/threads. */
  saved: RunsDeps["saved"] & ThreadsDeps["saved"] & CopyDeps["saved"];
  /** Deletes a condemned thread whose lease is held. */
  purge(thread: ThreadRecord, leaseHolder: string): Promise<void>;
  /** Takes domain events in; null where nothing is indexed. */
  ingest: IngestEvents | null;
  /** The tools that there are, and how it stands with their servers. */
  tools(): Promise<ToolList>;
}

/** The service without its HTTP side. */
export interface Core extends UseCases {
  /** This process is about to end by a fault: of this run, or of any that is executing. */
  crashed(runId: string | undefined): void;
  /**
   * Hears no more signals, lets executing runs reach a stop (gives them up after drainMs), closes the
   * backend.
   */
  close(): Promise<void>;
}
