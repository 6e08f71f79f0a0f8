import { agentStep } from "@aura-platform/contract/agent-step.ts";
import { EVENT_TYPES, EVENTS, type EventType, type WireEvent } from "@aura-platform/contract/events.ts";
import { z } from "zod";
import { asciiJsonBytes } from "../../encoding/ascii-json.ts";

/**
 * Text of one event, as it is sent: JSON in ASCII, where a Korean character has 6 bytes. A frame may have 16
 * KB, but a slow reader's backlog is cut into chunks on the way, and the smaller a frame, the less often a
 * chunk lies wholly inside one, without an id of ours.
 */
const MAX_TEXT_BYTES = 1024;

interface Moment {
  /** Unix ms; the contract's event timestamps are seconds. */
  nowMs: number;
  /** Of the run. */
  attempt: number;
}

type Mapper = (chunk: unknown, moment: Moment) => WireEvent[];

/** What our graphs write to `config.writer` for each event. */
const MAPPERS: Readonly<Record<EventType, Mapper>> = Object.freeze({
  thought: fromGraph(EVENTS.thought.pick({ content: true }).strip(), ({ content: text }, { nowMs }) => {
    const timestamp = Math.floor(nowMs / 1000);
    return splitText(text).map((content) => ({ type: "thought", data: { content, timestamp } }));
  }),
  plan_step: fromGraph(z.object({ step: agentStep.strip() }), ({ step }) => {
    // A graph of one's own may be surer than sure.
    const confidence = Math.min(1, Math.max(0, step.confidence));
    return [{ type: "plan_step", data: { ...step, confidence } }];
  }),
  tool_execution: fromGraph(
    EVENTS.tool_execution.strip().extend({ result: z.unknown().optional() }),
    (call) => [{ type: "tool_execution", data: { ...call, result: call.result ?? null } }],
  ),
  content: fromGraph(
    EVENTS.content.pick({ messageId: true, content: true }).strip(),
    ({ messageId, content: text }, { attempt }) =>
      splitText(text).map((content) => ({
        type: "content",
        data: { content, format: "markdown", messageId, ...(attempt > 1 ? { attempt } : {}) },
      })),
  ),
  hitl: madeByService,
  error: madeByService,
});

/**
 * Turns one object of the graph's custom stream into SSE events, in order. Long texts become several
 * events (they are deltas); an object that is not one of ours (a custom graph's own) gives none.
 *
 * @param nowMs Unix ms
 * @param attempt above 1 when the run was taken up again: its text may have been sent before, under the same
 *   messageId, and replaces what a lower attempt has sent
 */
export function mapGraphEvent(chunk: unknown, nowMs: number, attempt = 1): WireEvent[] {
  if (typeof chunk !== "object" || chunk === null || !("type" in chunk)) return [];
  const type = EVENT_TYPES.find((each) => each === chunk.type);
  return type === undefined ? [] : MAPPERS[type](chunk, { nowMs, attempt });
}

function fromGraph<S extends z.ZodObject>(
  schema: S,
  toEvents: (written: z.output<S>, moment: Moment) => WireEvent[],
): Mapper {
  return (chunk, moment) => {
    const parsed = schema.safeParse(chunk);
    return parsed.success ? toEvents(parsed.data, moment) : [];
  };
}

/** No graph says what the service knows better. */
function madeByService(): WireEvent[] {
  return [];
}

/** Pieces of at most MAX_TEXT_BYTES of JSON each, never cut inside a surrogate pair; none for "". */
export function splitText(text: string): string[] {
  if (text === "") return [];
  if (text.length * 6 <= MAX_TEXT_BYTES || asciiJsonBytes(text) <= MAX_TEXT_BYTES) return [text];
  let middle = Math.floor(text.length / 2);
  const unit = text.charCodeAt(middle);
  if (unit >= 0xdc00 && unit <= 0xdfff) middle -= 1;
  if (middle === 0) return [text];
  return [...splitText(text.slice(0, middle)), ...splitText(text.slice(middle))];
}
