import { z } from "zod";

/**
 * What the service answers, as far as the command line reads it. Everything else is kept (--json shows it), and what an older
 * service does not send is not asked for.
 */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

/** Unix ms. */
const time = z.number();

export const envelope = z.looseObject({
  message: z.string(),
  data: z.unknown().optional(),
  errorCode: z.string().optional(),
  agentMetadata: z.looseObject({ traceId: z.string().optional() }).nullish(),
});

const failed = z.looseObject({ errorCode: z.string(), message: z.string() });

export const threadSummary = z.looseObject({
  threadId: id,
  title: z.string(),
  status: z.string(),
  createdAt: time.optional(),
  updatedAt: time,
  pendingApprovals: z.number(),
});
export type ThreadSummary = z.output<typeof threadSummary>;

export const threadPage = z.looseObject({
  items: z.array(threadSummary),
  nextCursor: z.string().optional(),
});

const told = z.string().nullish();

export const pendingApproval = z.looseObject({
  requestId: id,
  sessionId: id,
  runId: id,
  actionType: z.string(),
  message: z.string(),
  context: z.record(z.string(), z.unknown()),
  createdAt: time,
  expiresAt: time,
  /** The approval whose place it has taken, with other arguments. */
  editOf: told,
});
export type PendingApproval = z.output<typeof pendingApproval>;

/**
 * What Main Service says of an approval: in answer to a decision, and (with more) as its record. Java writes
 * null for what is not there. `outcome` is Aura-Platform's, of approvals that ended without a person.
 */
export const standing = z.looseObject({
  requestId: z.string(),
  sessionId: id,
  status: z.string(),
  reason: told,
  approvedBy: told,
  rejectedBy: told,
  outcome: told,
  /** The approval that has taken its place, with other arguments. */
  editedAs: told,
});
export type Standing = z.output<typeof standing>;

/** Why an approval cannot be edited, in Aura-Platform's own words. */
export const notEditable = z
  .looseObject({
    requestId: z.string(),
    sessionId: id,
    status: z.string(),
    reason: told,
    decidedBy: told,
    editedAs: told,
    /** How often it has been, where that is why. */
    edits: z.number().nullish(),
  })
  .transform(({ status, decidedBy, ...rest }) => ({
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

/** An approval as a run announces it. */
export const announced = z.looseObject({
  requestId: id,
  actionType: z.string(),
  /** Of the call that it lets through; older services do not say it. */
  toolCallId: told,
  /** The approval whose place it takes. */
  editOf: told.catch(null),
});

export const approvalPage = z.looseObject({ items: z.array(pendingApproval) });

export const agentStep = z.looseObject({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  result: z.string().optional(),
});
export type AgentStep = z.output<typeof agentStep>;

const message = z.looseObject({
  role: z.string(),
  content: z.string(),
  name: z.string().optional(),
  status: z.string().optional(),
  toolCalls: z.array(z.looseObject({ name: z.string(), args: z.record(z.string(), z.unknown()) })).optional(),
});
export type Message = z.output<typeof message>;

const runSummary = z.looseObject({
  runId: id,
  status: z.string(),
  prompt: z.string(),
  createdAt: time,
  updatedAt: time,
  error: failed.optional(),
});

export const threadDetail = z.looseObject({
  threadId: id,
  title: z.string(),
  status: z.string(),
  createdAt: time,
  updatedAt: time,
  importedAt: time.optional(),
  forkedFrom: z.looseObject({ threadId: z.string(), checkpointId: z.string() }).optional(),
  messages: z.array(message),
  runs: z.array(runSummary),
  pendingApprovals: z.array(pendingApproval),
  planSteps: z.array(agentStep),
});
export type ThreadDetail = z.output<typeof threadDetail>;

const checkpoint = z.looseObject({
  checkpointId: z.string(),
  parentId: z.string().nullable(),
  step: z.number(),
  source: z.string(),
  next: z.array(z.string()),
  createdAt: time,
  runId: z.string().optional(),
  interrupts: z.array(z.looseObject({ id: z.string() })),
  changed: z.array(z.looseObject({ key: z.string(), bytes: z.number(), value: z.unknown().optional() })),
});
export type Checkpoint = z.output<typeof checkpoint>;

export const checkpointPage = z.looseObject({
  items: z.array(checkpoint),
  nextCursor: z.string().optional(),
});

const auditEntry = z.looseObject({
  requestId: z.string(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  message: z.string(),
  status: z.string(),
  proposedAt: time,
  decidedAt: time.optional(),
  decidedBy: z.string().optional(),
  reason: z.string().optional(),
  imported: z.boolean().optional(),
  editOf: z.string().optional(),
  editedBy: z.string().optional(),
  editedAs: z.string().optional(),
  /** What the model had asked for, of a call whose arguments were edited. */
  proposedArguments: z.record(z.string(), z.unknown()).optional(),
  lateDecision: z.looseObject({ status: z.string(), decidedBy: z.string().optional(), at: time }).optional(),
  effectiveArguments: z.record(z.string(), z.unknown()).nullable(),
  outcome: z.looseObject({
    state: z.string(),
    result: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
});
export type AuditEntry = z.output<typeof auditEntry>;

export const auditPage = z.looseObject({ items: z.array(auditEntry) });

const span = { startedAt: time.nullable(), endedAt: time.nullable(), ms: z.number().nullable() };

export const runDetail = z.looseObject({
  runId: id,
  threadId: id,
  status: z.string(),
  attempt: z.number(),
  prompt: z.string().optional(),
  createdAt: time,
  updatedAt: time,
  error: failed.optional(),
  nodes: z.array(z.looseObject({ node: z.string(), ...span })).default([]),
  tools: z
    .array(z.looseObject({ tool: z.string(), status: z.string(), outcome: z.string().nullish(), ...span }))
    .default([]),
  usage: z
    .looseObject({ inputTokens: z.number(), outputTokens: z.number(), totalTokens: z.number() })
    .nullable()
    .optional(),
  waitedMs: z.number().optional(),
});
export type RunDetail = z.output<typeof runDetail>;

/** One event of a run, whole. */
export const wholeEvent = z.looseObject({ type: z.string(), data: z.record(z.string(), z.unknown()) });

/** A saved thread: kept word for word, whatever its keys are called. */
export const threadDocument = z.custom<object>((value) => typeof value === "object" && value !== null);

export const threadRef = z.looseObject({ threadId: id });
