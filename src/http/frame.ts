import type { ShownPart } from "@aura-platform/contract/approvals.ts";
import type { EventData, StoredEvent, WireEvent } from "@aura-platform/contract/events.ts";
import { DONE, MAX_FRAME_BYTES } from "@aura-platform/contract/frames.ts";
import { formatEventId } from "@aura-platform/contract/ids.ts";
import { asciiJson } from "../../encoding/ascii-json.ts";
import { cut as cutText } from "../../tools/cut.ts";
import { aliasForms, type Wire } from "./aliases.ts";

/**
 * One SSE event: type, one line of JSON (docs/contract.md, section 3) in ASCII, and its id (`frame`). A frame
 * above 16 KB has its long values cut and `data.truncated: true`; `GET /aura/runs/{runId}/events/{seq}` has
 * the whole. Approvals are never cut here: what their approver sees was decided when they were opened.
 *
 * @param aliases whether it also has the names of DWP's web client, in as much room as is left
 */
export function eventFrame(runId: string, { seq, event }: StoredEvent, aliases: boolean): string {
  // A frame is ASCII: as many bytes as characters.
  const fits = (text: string) => text.length <= MAX_FRAME_BYTES;
  let text = "";
  for (const wire of event.type === "hitl" ? approvalForms(event.data) : eventForms(event)) {
    text = frame(runId, seq, wire);
    if (!fits(text)) continue;
    if (!aliases) return text;
    for (const named of aliasForms(wire, placeOf(runId, seq, event))) {
      const more = frame(runId, seq, named);
      if (fits(more)) return more;
    }
    return text;
  }
  return text;
}

/** Where a client reads the whole. */
function placeOf(runId: string, seq: number, event: WireEvent): string {
  if (event.type === "hitl") return `GET /api/aura/hitl/requests/${event.data.requestId}`;
  return `GET /api/aura/runs/${runId}/events/${seq}`;
}

/** The event, and with less and less of its long values; the last one fits always. */
function* eventForms({ type, data }: WireEvent): Generator<Wire> {
  yield { type, data: { ...data } };
  for (let maxText = 4096; maxText >= 16; maxText /= 2) {
    for (const maxItems of [256, 16]) {
      yield { type, data: { ...cutRecord(data, { maxText, maxItems, depth: 8 }), truncated: true } };
    }
  }
  yield { type, data: { truncated: true } };
}

type Approval = EventData<"hitl">;

/**
 * What does not fit (older versions have opened such approvals) is not shown at all: a part could mislead.
 */
function* approvalForms({ shown, ...approval }: Approval): Generator<Wire> {
  const type = "hitl";
  yield { type, data: shown === undefined ? approval : { ...approval, ...inPart(approval, shown) } };
  const { requestId, actionType, toolCallId } = approval;
  const message = NOT_SHOWN.replaceAll("{requestId}", requestId);
  const nothing = { requestId, actionType, message, context: {}, requiresApproval: true, toolCallId };
  yield { type, data: { ...nothing, truncated: true } };
  yield { type, data: { truncated: true } };
}

/**
 * What is not shown is said first: the question may end with untrusted text, and that must not come before
 * it.
 */
function inPart({ message }: Approval, { context, notShown, notice }: ShownPart) {
  return { message: `${notice} ${message}`, context, notShown, truncated: true };
}

/** In both languages: the event does not say which one its reader has. */
const NOT_SHOWN =
  "요청이 너무 커서 여기에 표시할 수 없습니다. 전체 내용을 확인한 뒤 결정하세요. This request is too large to be shown here. Read the whole before you decide: GET /api/aura/hitl/requests/{requestId}";

/**
 * A write that is no event: it keeps the connection alive, and tells the client where it stands. Without an
 * empty line, which some clients take for the end of an empty message: the next event's block just begins
 * with these lines, and its own id stands below them.
 */
export function commentFrame(runId: string, seq: number, comment: string): string {
  return `: ${comment}\nid: ${formatEventId(runId, seq)}\n`;
}

/**
 * The end of a stream that has not failed, with the last event's id below it; above it a comment, as above
 * every event (`frame`).
 */
export function doneFrame(runId: string, seq: number): string {
  const id = `id: ${formatEventId(runId, seq)}`;
  return `: ${id}\ndata: ${DONE}\n${id}\n\n`;
}

/**
 * The id stands below the data: many clients take a position from its line at once, and one that comes back
 * with an event's id when the connection broke in the middle of its data would never get that event. Above it
 * there is a comment that looks like it, because the Gateway puts a foreign id in front of a chunk that has
 * none, and a slow reader's backlog is cut into chunks anywhere: the foreign id would fall into the middle of
 * the data.
 */
function frame(runId: string, seq: number, { type, event, data }: Wire): string {
  const json = asciiJson({ type, event, data });
  const id = `id: ${formatEventId(runId, seq)}`;
  return `: ${id}\nevent: ${type}\ndata: ${json}\n${id}\n\n`;
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
