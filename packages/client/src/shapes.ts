import * as steps from "@aura-platform/contract/agent-step.ts";
import * as approvals from "@aura-platform/contract/approvals.ts";
import * as audit from "@aura-platform/contract/audit.ts";
import * as checkpoints from "@aura-platform/contract/checkpoints.ts";
import { EVENTS } from "@aura-platform/contract/events.ts";
import { standingApproval } from "@aura-platform/contract/failures.ts";
import * as hitl from "@aura-platform/contract/hitl.ts";
import { id } from "@aura-platform/contract/ids.ts";
import { clientMessage } from "@aura-platform/contract/messages.ts";
import { open } from "@aura-platform/contract/reading.ts";
import * as runs from "@aura-platform/contract/runs.ts";
import * as threads from "@aura-platform/contract/threads.ts";
import { z } from "zod";

// What the service answers, as far as it is read: the contract's shapes, open to what is newer. What is not
// picked here passes as it is, asked for or not: neither a newer nor an older service is refused for it.

/** Java writes null for what is not there, and so may older services. */
const told = z.string().nullish();

const threadSummary = open(threads.threadSummary).pick({
  threadId: true,
  title: true,
  status: true,
  updatedAt: true,
  pendingApprovals: true,
});
export const threadPage = open(threads.threadPage).extend({ items: z.array(threadSummary) });

export const pendingApproval = open(approvals.pendingApproval)
  .pick({
    requestId: true,
    sessionId: true,
    runId: true,
    actionType: true,
    message: true,
    context: true,
    createdAt: true,
    expiresAt: true,
  })
  .extend({ editOf: told });
export type PendingApproval = z.output<typeof pendingApproval>;
export const approvalPage = open(approvals.approvalList).extend({ items: z.array(pendingApproval) });

/** What Main Service says of an approval; and, of one that was edited, Aura-Platform beside it. */
export const standing = hitl.standing.extend({ editedAs: told });
export type Standing = z.output<typeof standing>;

/** Why an approval cannot be edited, in Aura-Platform's own words, as what stands. */
export const notEditable = open(standingApproval).transform(({ status, decidedBy, ...rest }) => ({
  ...rest,
  status,
  approvedBy: status === "approved" ? decidedBy : undefined,
  rejectedBy: status === "rejected" ? decidedBy : undefined,
  outcome: status,
}));

/** The record, which travels as JSON text (docs/contract.md, section 4). */
export const approvalRecord = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "not JSON" });
      return z.NEVER;
    }
  })
  .pipe(standing);

/** An approval as a run announces it, as far as it can be asked about: its id becomes a part of a path. */
export const announced = open(EVENTS.hitl)
  .pick({ requestId: true, actionType: true })
  .extend({ requestId: id, toolCallId: told, editOf: told.catch(null) });

export const agentStep = open(steps.agentStep).pick({ id: true, title: true, status: true, result: true });
export type AgentStep = z.output<typeof agentStep>;

const toolCall = open(clientMessage.shape.toolCalls.unwrap().element).pick({ name: true, args: true });
const message = open(clientMessage)
  .pick({ role: true, content: true, name: true, status: true })
  .extend({ toolCalls: z.array(toolCall).optional() });
export type Message = z.output<typeof message>;

const runSummary = open(runs.runSummary).pick({
  runId: true,
  status: true,
  prompt: true,
  createdAt: true,
  updatedAt: true,
  error: true,
});

export const threadDetail = open(threads.threadDetail)
  .pick({
    threadId: true,
    title: true,
    status: true,
    createdAt: true,
    updatedAt: true,
    importedAt: true,
    forkedFrom: true,
  })
  .extend({
    messages: z.array(message),
    runs: z.array(runSummary),
    pendingApprovals: z.array(pendingApproval),
    planSteps: z.array(agentStep),
  });
export type ThreadDetail = z.output<typeof threadDetail>;

const checkpoint = open(checkpoints.checkpoint)
  .pick({ checkpointId: true, step: true, source: true, next: true, createdAt: true, changed: true })
  // They are counted.
  .extend({ interrupts: z.array(z.unknown()) });
export type Checkpoint = z.output<typeof checkpoint>;
export const checkpointPage = open(checkpoints.historyPage).extend({ items: z.array(checkpoint) });

/** A state of later versions is told as it is. */
const outcome = z.looseObject({
  state: z.string(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});
const auditEntry = open(audit.auditEntry)
  .pick({
    requestId: true,
    tool: true,
    arguments: true,
    message: true,
    status: true,
    proposedAt: true,
    decidedAt: true,
    decidedBy: true,
    reason: true,
    imported: true,
    editOf: true,
    editedBy: true,
    editedAs: true,
    proposedArguments: true,
    effectiveArguments: true,
    lateDecision: true,
  })
  .extend({ outcome });
export type AuditEntry = z.output<typeof auditEntry>;
export const auditPage = open(audit.auditList).extend({ items: z.array(auditEntry) });

const nodeTime = open(runs.nodeTime).pick({ node: true, startedAt: true, ms: true });
const toolTime = open(runs.toolTime)
  .pick({ tool: true, status: true, outcome: true, startedAt: true, ms: true })
  .partial({ outcome: true });

/** A run's report; of a run that was cancelled just now its summary alone. */
export const runDetail = open(runs.runReport)
  .pick({
    runId: true,
    threadId: true,
    status: true,
    attempt: true,
    prompt: true,
    createdAt: true,
    updatedAt: true,
    error: true,
    usage: true,
    waitedMs: true,
  })
  .partial({ prompt: true, usage: true, waitedMs: true })
  .extend({ nodes: z.array(nodeTime).default([]), tools: z.array(toolTime).default([]) });
export type RunDetail = z.output<typeof runDetail>;

/** A saved thread: kept word for word, whatever its keys are called. */
export const threadDocument = z.custom<object>((value) => typeof value === "object" && value !== null);

export const threadRef = open(threads.threadRef);
