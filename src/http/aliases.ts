import type { StepStatus } from "@aura-platform/contract/agent-step.ts";
import type { EventData, EventType } from "@aura-platform/contract/events.ts";
import type { FrameData } from "@aura-platform/contract/frames.ts";
import type { CallStatus } from "@aura-platform/contract/tool-calls.ts";

/** What the line of JSON of a frame says. */
export interface Wire {
  type: EventType;
  /** The name that DWP's client knows the event by, where that is another one. */
  event?: string;
  data: Readonly<Record<string, unknown>>;
}

interface Alias<T extends EventType> {
  /** Which events of the type have them; all when absent. */
  when?: (data: Wire["data"]) => boolean;
  /** The event's other name. */
  event?: string;
  /** Other names of fields. */
  fields?: Readonly<Partial<Record<keyof FrameData<T>, keyof EventData<T>>>>;
}

/** A step is pending when it is first told. */
const FIRST_TOLD: StepStatus = "pending";
const FAILED: CallStatus = "failed";

/**
 * What DWP's own web client calls what we send (docs/contract.md, section 8; decision 68): it reads `event`
 * before `type`, and these fields. All of it is added; no field of the contract changes.
 */
const ALIASES: { readonly [T in EventType]: readonly Alias<T>[] } = Object.freeze({
  thought: [{ event: "thought_chain" }],
  // It adds a row for each plan_step, and changes the row of its id for a plan_step_update.
  plan_step: [{ when: ({ status }) => status !== FIRST_TOLD, event: "plan_step_update" }],
  hitl: [
    {
      event: "hitl_request",
      fields: { id: "requestId", action: "actionType", params: "context" },
    },
  ],
  tool_execution: [
    { event: "action_execution", fields: { id: "toolCallId", action: "tool", params: "parameters" } },
    { when: ({ status }) => status === FAILED, fields: { error: "result" } },
  ],
  content: [],
  error: [],
});

/** Longer texts do not identify an action; as in an approval, shorter ones are whole. In characters. */
const MAX_TEXT = 1_024;

/** How a field's value is repeated under its other name; undefined: not at all. */
type Repeat = (value: unknown, place: string) => unknown;

/** Each needs less room than the one before. */
const REPEATS: readonly Repeat[] = [
  (value) => value,
  (value, place) => (isRecord(value) ? withoutLong(value, place) : short(value)),
  (value, place) => (isRecord(value) ? leftOut(Object.keys(value).length, place) : short(value)),
  (value) => (isRecord(value) ? undefined : short(value)),
  () => undefined,
];

/**
 * The event with DWP's names beside ours, and then with less and less under them; none for an event that has
 * no others.
 *
 * @param place where the whole can be read
 */
export function* aliasForms({ type, data }: Wire, place: string): Generator<Wire> {
  const aliases = ALIASES[type].filter((each) => each.when?.(data) !== false);
  if (aliases.length === 0) return;
  const event = aliases.find((each) => each.event !== undefined)?.event;
  const fields = aliases.flatMap((each) => Object.entries(each.fields ?? {}));
  for (const repeat of fields.length === 0 ? REPEATS.slice(-1) : REPEATS) {
    const added = fields
      .filter(([alias, field]) => !Object.hasOwn(data, alias) && Object.hasOwn(data, field))
      .map(([alias, field]) => [alias, repeat(data[field], place)] as const)
      .filter(([, value]) => value !== undefined);
    yield {
      type,
      ...(event === undefined ? {} : { event }),
      data: { ...data, ...Object.fromEntries(added) },
    };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function short(value: unknown): unknown {
  return isLong(value) ? undefined : value;
}

function isLong(value: unknown): boolean {
  if (typeof value === "string") return value.length > MAX_TEXT;
  return typeof value === "object" && value !== null && Object.values(value).some(isLong);
}

/**
 * The arguments that identify an action. Their reader may see nothing else of it, so that there are others is
 * said among them.
 */
function withoutLong(args: Record<string, unknown>, place: string): Record<string, unknown> {
  const kept = Object.entries(args).filter(([, value]) => !isLong(value));
  const missing = Object.keys(args).length - kept.length;
  return { ...Object.fromEntries(kept), ...leftOut(missing, place) };
}

/** In both languages: the event does not say which one its reader has. */
function leftOut(count: number, place: string): Record<string, string> {
  return count === 0
    ? {}
    : { "…": `여기에 없는 인수 ${count}개, arguments not shown here: ${count}. ${place}` };
}
