import { asciiJson } from "../../encoding/ascii-json.ts";
import { cut as cutText } from "../../tools/cut.ts";
import type { ShownPart } from "../approvals/approval.ts";
import type { StoredEvent, WireEvent } from "../runs/event.ts";
import { formatEventId } from "../runs/event-id.ts";

/** As sent. Larger frames cross chunks on their way, and the Gateway then splits an event from its id. */
export const MAX_FRAME_BYTES = 16 * 1024;

/**
 * One SSE event: id, type, one line of JSON (contract, section 3) in ASCII, and the id again. A frame above 16 KB has its long values cut
 * and `data.truncated: true`; `GET /aura/runs/{runId}/events/{seq}` has the whole. Approvals are never cut here: what their
 * approver sees was decided when they were opened.
 */
export function eventFrame(runId: string, { seq, event }: StoredEvent): string {
  if (event.type === "hitl") return approvalFrame(runId, seq, event.data);
  const whole = frame(runId, seq, event);
  if (fits(whole)) return whole;
  for (let maxText = 4096; maxText >= 16; maxText /= 2) {
    for (const maxItems of [256, 16]) {
      const data = { ...cutRecord(event.data, { maxText, maxItems, depth: 8 }), truncated: true };
      const cut = frame(runId, seq, { type: event.type, data });
      if (fits(cut)) return cut;
    }
  }
  return frame(runId, seq, { type: event.type, data: { truncated: true } });
}

type Approval = Extract<WireEvent, { type: "hitl" }>["data"];

/** What does not fit (older versions have opened such approvals) is not shown at all: a part could mislead. */
function approvalFrame(runId: string, seq: number, { shown, ...approval }: Approval): string {
  const data = shown === undefined ? approval : { ...approval, ...inPart(approval, shown) };
  const text = frame(runId, seq, { type: "hitl", data });
  if (fits(text)) return text;
  const { requestId, actionType, toolCallId } = approval;
  const message = NOT_SHOWN.replaceAll("{requestId}", requestId);
  const nothing = { requestId, actionType, message, context: {}, requiresApproval: true, toolCallId };
  const bare = frame(runId, seq, { type: "hitl", data: { ...nothing, truncated: true } });
  if (fits(bare)) return bare;
  return frame(runId, seq, { type: "hitl", data: { truncated: true } });
}

/** What is not shown is said first: the question may end with text of strangers, and that must not come before it. */
function inPart({ message }: Approval, { context, notShown, notice }: ShownPart) {
  return { message: `${notice} ${message}`, context, notShown, truncated: true };
}

/** In both languages: the event does not say which one its reader has. */
const NOT_SHOWN =
  "요청이 너무 커서 여기에 표시할 수 없습니다. 전체 내용을 확인한 뒤 결정하세요. This request is too large to be shown here. Read the whole before you decide: GET /api/aura/hitl/requests/{requestId}";

/** A write that is no event: it keeps the connection alive, and tells the client where it stands. */
export function commentFrame(runId: string, seq: number, comment: string): string {
  return `: ${comment}\nid: ${formatEventId(runId, seq)}\n\n`;
}

/** The end of the stream, under the last event's id. */
export function doneFrame(runId: string, seq: number): string {
  return `id: ${formatEventId(runId, seq)}\ndata: [DONE]\n\n`;
}

function frame(runId: string, seq: number, event: WireEvent | { type: string; data: unknown }): string {
  const json = asciiJson({ type: event.type, data: event.data });
  // The id stands at both ends: when a slow reader's backlog is cut into chunks on the way, the Gateway puts a foreign id
  // in front of a chunk that has none, and that would fall into the middle of the data.
  const id = `id: ${formatEventId(runId, seq)}`;
  return `${id}\nevent: ${event.type}\ndata: ${json}\n${id}\n\n`;
}

/** A frame is ASCII: as many bytes as characters. */
function fits(text: string): boolean {
  return text.length <= MAX_FRAME_BYTES;
}

interface Limits {
  /** Characters of a string. */
  maxText: number;
  maxItems: number;
  depth: number;
}

function cutRecord(value: object, limits: Limits): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, limits.maxItems)
      .map(([key, item]) => [key.slice(0, limits.maxText), cut(item, limits)]),
  );
}

function cut(value: unknown, limits: Limits): unknown {
  if (typeof value === "string") {
    return value.length <= limits.maxText ? value : `${cutText(value, limits.maxText)}…`;
  }
  if (typeof value !== "object" || value === null) return value;
  if (limits.depth === 0) return "…";
  const inner = { ...limits, depth: limits.depth - 1 };
  if (Array.isArray(value)) return value.slice(0, limits.maxItems).map((item) => cut(item, inner));
  return cutRecord(value, inner);
}
