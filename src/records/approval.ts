import type { Owner } from "./run.ts";

/** Exactly one transition leads out of `pending`. */
export type ApprovalStatus = "pending" | "approved" | "rejected" | "expired" | "superseded" | "cancelled";
export type Settlement = Exclude<ApprovalStatus, "pending">;

const NEXT: Readonly<Record<ApprovalStatus, readonly ApprovalStatus[]>> = Object.freeze({
  pending: ["approved", "rejected", "expired", "superseded", "cancelled"],
  approved: [],
  rejected: [],
  expired: [],
  superseded: [],
  cancelled: [],
});

/** Whether an approval in state `from` may be settled as `to`. */
export function maySettle(from: ApprovalStatus, to: ApprovalStatus): boolean {
  return NEXT[from].includes(to);
}

/** What an event shows of arguments that it cannot show whole. */
export interface ShownPart {
  /** Every key, list entry and number; long texts are cut. */
  context: Record<string, unknown>;
  /** Characters that are left out, by the place of the text. */
  notShown: Record<string, number>;
  /** Says so in words, and where the whole is. */
  notice: string;
}

/**
 * One pending human decision, bound to one tool call and its exact arguments. The owner is who asked for the
 * run.
 */
export interface ApprovalRecord extends Owner {
  v: 1;
  requestId: string;
  threadId: string;
  runId: string;
  /**
   * LangGraph's interrupt id: the key of the resume map. Not unique across replays, so never a key of ours.
   */
  interruptId: string;
  taskId: string;
  toolCallId: string;
  /** The tool's name. */
  actionType: string;
  /** The validated arguments. */
  context: Record<string, unknown>;
  /** SHA-256 of tool name and canonical arguments: what was shown is what may run. */
  digest: string;
  /** The question that the approver reads. */
  message: string;
  /** What an event shows of the arguments, where it cannot show all of them. */
  shown?: ShownPart;
  status: ApprovalStatus;
  reason?: string;
  /** Who decided, as Main Service recorded it. */
  decidedBy?: string;
  /** Unix ms. */
  createdAt: number;
  /** When it stops waiting, Unix ms. */
  expiresAt: number;
  decidedAt?: number;
  /** It came with a file: who decided what is what the file says, and this service has not seen it. */
  imported?: boolean;
  lateDecision?: LateDecision;
  /** The approval whose arguments a person has changed: this one has taken its place. */
  editOf?: string;
  /** Who has changed them. */
  editedBy?: string;
  /** How often the call has been edited. */
  edits?: number;
  /** The approval that has taken this one's place, with other arguments. */
  editedAs?: string;
}

/**
 * What Main Service wrote about an approval that was settled otherwise. It had no effect, though the person
 * was told that it had: kept so that the audit shows it.
 */
export interface LateDecision {
  status: "approved" | "rejected";
  decidedBy?: string;
  /** When it was made, or seen where Main Service does not say; Unix ms. */
  at: number;
}

/** The single way out of `pending`. */
export interface Decision {
  status: Settlement;
  reason?: string;
  decidedBy?: string;
  /** Unix ms. */
  decidedAt: number;
  /** Of a superseded one: the approval that has taken its place, with other arguments. */
  editedAs?: string;
  /** Set by the store alone. */
  lateDecision?: LateDecision;
}

/** Lifetimes in seconds (docs/contract.md, section 4); `request` is the default of AURA_APPROVAL_TTL. */
export const HITL_TTL_S = Object.freeze({
  request: 30 * 60,
  session: 60 * 60,
  signal: 5 * 60,
  task: 60 * 60,
});

/** `hitl:request:{requestId}` as Main Service reads it (docs/contract.md, section 8); times in ms. */
export interface HitlRequest extends Owner {
  requestId: string;
  sessionId: string;
  actionType: string;
  context: Record<string, unknown>;
  /** Anything but approved and rejected is undecided for Main Service. */
  status: "pending" | "approved" | "rejected";
  createdAt: number;
  taskId?: string;
  /** Ours, when we have settled it: see settled-request.ts. */
  settledBy?: "aura";
  outcome?: Settlement;
  reason?: string;
  /**
   * The request that this one has taken the place of, and the one that has taken its place: arguments were
   * edited.
   */
  editOf?: string;
  editedAs?: string;
}

/** The first value of `hitl:request:{requestId}`. */
export function toHitlRequest(approval: ApprovalRecord): HitlRequest {
  return {
    requestId: approval.requestId,
    sessionId: approval.threadId,
    userId: approval.userId,
    tenantId: approval.tenantId,
    actionType: approval.actionType,
    context: approval.context,
    status: "pending",
    createdAt: approval.createdAt,
    ...(approval.editOf === undefined ? {} : { editOf: approval.editOf }),
  };
}
