import type { ShownPart } from "@aura-platform/contract/approvals.ts";
import type { Language } from "@aura-platform/contract/languages.ts";

/** A waiting call's tool with other arguments, as a person wants it. */
export interface ChangedCall {
  tool: string;
  /** JSON of any kind. */
  args: unknown;
  toolCallId: string;
  /** Of what is said about it. */
  language: Language;
}

/** What is found of a changed call; `problem` is for the person. */
export type Examined =
  | {
      ok: true;
      /** Validated: exactly these may run once they are approved. */
      args: Record<string, unknown>;
      /** SHA-256 of tool name and canonical arguments. */
      digest: string;
      /** The question for the approver. */
      message: string;
      /** What an event shows of the arguments, where that is not all. */
      shown?: ShownPart;
    }
  | { ok: false; problem: string };

export type Examine = (call: ChangedCall) => Promise<Examined>;

/**
 * Has changed calls looked at where the tools are: in a process that works on runs. Looking does nothing and
 * keeps nothing, so it does not matter which of them answers, or whether two do.
 */
export interface CallExamination {
  /**
   * Answers those who ask, until the returned function has been called and what is being looked at is
   * answered.
   */
  listen(examine: Examine): Promise<() => Promise<void>>;
  /**
   * @throws BackendUnavailableError when nobody answers in time: no process works on runs, or all are too
   *   busy
   */
  ask: Examine;
}
