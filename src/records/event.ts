import type { ErrorCode } from "../errors.ts";
import type { ShownPart } from "./approval.ts";

/** AgentStep (docs/contract.md, section 3). Times are Unix seconds. */
export interface AgentStep {
  id: string;
  title: string;
  description: string;
  status: "pending" | "in_progress" | "completed" | "failed";
  /** 0.0 to 1.0 */
  confidence: number;
  result?: string;
  startedAt?: number;
  completedAt?: number;
}

/** `not_executed`: refused, invalid, or given up before it had begun. Of a failed call `unknown` means that it may have happened. */
export type CallOutcome = "completed" | "failed" | "not_executed" | "unknown";

/** Why a run has ended with an error, where its code leaves that open. */
export type ErrorReason =
  | "superseded"
  | "cancelled"
  /** The processes that worked on the run have ended again and again. */
  | "no_progress";

/** What a client may see of a run: the contract's five event types and `error`. */
export type WireEvent =
  | { type: "thought"; data: { content: string; timestamp: number } }
  | { type: "plan_step"; data: AgentStep }
  | {
      type: "tool_execution";
      data: {
        tool: string;
        toolCallId: string;
        parameters: Record<string, unknown>;
        /** What the model had asked for, where a person has changed it: `parameters` is what counts. */
        proposed?: Record<string, unknown>;
        status: "executing" | "completed" | "failed";
        /** The tool's result; the error text when it failed; null while it executes. */
        result: unknown;
        /** What is known of its effect; absent while it executes, and in events of the first version. */
        outcome?: CallOutcome;
      };
    }
  | {
      type: "hitl";
      data: {
        requestId: string;
        actionType: string;
        message: string;
        /** Exactly the validated arguments that an approval lets through. */
        context: Record<string, unknown>;
        requiresApproval: true;
        toolCallId: string;
        /** A person has changed the arguments: this approval has taken the place of that one. */
        editOf?: string;
        /** What the approver is shown where that is not all; the frame has this instead of the context. */
        shown?: ShownPart;
      };
    }
  | {
      type: "content";
      data: {
        /** A delta. */
        content: string;
        format: "markdown";
        messageId: string;
        /** Above 1: the message is sent again after a crash; it replaces what a lower attempt has sent of it. */
        attempt?: number;
      };
    }
  | {
      type: "error";
      data: { errorCode: ErrorCode; message: string; traceId: string; reason?: ErrorReason };
    };

/** Wire names, frozen: a rename is a breaking change for every client. */
export const EVENT_TYPES = Object.freeze([
  "thought",
  "plan_step",
  "tool_execution",
  "hitl",
  "content",
  "error",
] as const satisfies readonly WireEvent["type"][]);

/** An event with its place in the run's log. */
export interface StoredEvent {
  /** Counts from 1 without gaps. */
  seq: number;
  /** When it was recorded, Unix ms. */
  at: number;
  event: WireEvent;
}
