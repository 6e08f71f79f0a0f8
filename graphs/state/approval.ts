import { type ShownPart, settlement } from "@aura-platform/contract/approvals.ts";
import { z } from "zod";

/** What a waiting tool call shows to whoever decides: the value of its LangGraph interrupt. */
export interface ApprovalRequest {
  kind: "approval";
  /** LangGraph task id: equal on resume and retry, new on a replay or fork. */
  taskId: string;
  toolCallId: string;
  /** The tool's name. */
  actionType: string;
  /** The validated arguments; exactly these are used when it is approved. */
  context: Record<string, unknown>;
  /** `callDigest` of tool and arguments: identifies what was shown. */
  digest: string;
  /** The question for the approver. */
  message: string;
  /**
   * What an event shows of it, where that is not all. Its notice ends with `{requestId}.`, which stands for
   * the request that holds the whole: its id is known later.
   */
  shown?: ShownPart;
}

/**
 * The resume value of an approval: `Command({ resume: { [interruptId]: { status: "approved" } } })`. With any
 * status but `approved` the tool does not run, and the model is told the status and the reason. An approval
 * with a `digest` is valid only for the call with that digest. LangGraph's own clients write it in other
 * forms (read-decision.ts).
 */
export const approvalDecision = z.object({
  status: z
    .enum([...settlement.options, "answered"])
    .describe("answered: `reason` is the answer that a person gives in place of the tool"),
  reason: z.string().optional(),
  digest: z.string().optional(),
  args: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "The arguments as a person has changed them: approved, the tool runs with exactly these; else, what was asked about",
    ),
});

export type ApprovalDecision = z.output<typeof approvalDecision>;

/** A run was resumed with what is no decision. Nothing was done; the approval can still be decided. */
export class ApprovalDecisionError extends Error {
  /** @param message for the person who has sent it */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ApprovalDecisionError";
  }
}
