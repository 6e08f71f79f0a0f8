import { z } from "zod";

/** What an approver sees instead of the arguments when these do not fit whole. */
export interface ShownPart {
  /** The arguments with every key, every list entry and every number, and with long texts cut. */
  context: Record<string, unknown>;
  /** Characters that are left out, by the place of the text (`body`, `files/0/content`). */
  notShown: Record<string, number>;
  /** Says so in words, and ends with `{requestId}.`, which stands for the id of the request that holds the whole. */
  notice: string;
}

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
  /** `callDigest` of tool and arguments: names what was shown. */
  digest: string;
  /** The question for the approver. */
  message: string;
  /** What an event shows of it, where that is not all. */
  shown?: ShownPart;
}

/**
 * The resume value of an approval: `Command({ resume: { [interruptId]: { status: "approved" } } })`. Anything
 * but `approved` keeps the tool from running; the model is told the status and the reason. An approval with a
 * `digest` is good for the call of that digest only. LangGraph's own clients write it in other forms
 * (read-decision.ts).
 */
export const approvalDecision = z.object({
  status: z
    .enum(["approved", "rejected", "expired", "superseded", "cancelled", "answered"])
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

export type ApprovalDecision = z.infer<typeof approvalDecision>;

/** A run was resumed with something that is no decision. Nothing was done; the approval can still be decided. */
export class ApprovalDecisionError extends Error {
  /** @param message for the person who has sent it */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ApprovalDecisionError";
  }
}
