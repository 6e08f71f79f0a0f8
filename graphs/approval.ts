import { z } from "zod";
import type { ShownPart } from "./show-call.ts";

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

const answeredStatus = z.enum(["approved", "rejected", "expired", "superseded", "cancelled"]);

/**
 * The resume value of an approval: `Command({ resume: { [interruptId]: { status: "approved" } } })`.
 * Anything but `approved` keeps the tool from running; the model is told the status and the reason. An approval
 * with a `digest` is good for the call of that digest only.
 */
export const approvalDecision = z.object({
  status: answeredStatus,
  reason: z.string().optional(),
  digest: z.string().optional(),
  args: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "The arguments as a person has changed them: approved, the tool runs with exactly these; else, what was asked about",
    ),
});

/** `answered`: a person has given the tool's answer, `reason`, in its place. Only LangGraph's forms have it. */
export type ApprovalDecision = Omit<z.infer<typeof approvalDecision>, "status"> & {
  status: z.infer<typeof answeredStatus> | "answered";
};

/** A run was resumed with something that is no decision. Nothing was done; the approval can still be decided. */
export class ApprovalDecisionError extends Error {
  constructor(cause: z.ZodError) {
    super(
      `an approval is resumed with {"status": ${approvalDecision.shape.status.options.map((status) => `"${status}"`).join(" | ")}, "reason"?: string, "digest"?: string}`,
      { cause },
    );
    this.name = "ApprovalDecisionError";
  }
}

/**
 * `approvalDecision` with the typed error. Given to `interrupt` as its response schema, because LangGraph
 * then lets the other tasks of the step finish and keeps the interrupt open.
 */
export const approvalResume = z.preprocess((value) => {
  const parsed = approvalDecision.safeParse(value);
  if (!parsed.success) throw new ApprovalDecisionError(parsed.error);
  return value;
}, approvalDecision);
