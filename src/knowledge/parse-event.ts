import { createHash } from "node:crypto";
import { domainEvent, eventSubject, nestedDomainEvent } from "@aura-platform/contract/domain-events.ts";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { z } from "zod";
import { readTime } from "../../encoding/time.ts";
import { exactJson } from "../../tools/exact-json.ts";
import { isValueDeeperThan } from "../../tools/json-depth.ts";
import type { KnowledgeEvent } from "../records/domain-event.ts";
import { renderEvent } from "./render.ts";

/**
 * An event that can be indexed, with the digest that tells it from a corrected version of itself; or why it
 * cannot.
 */
type ParsedEvent = { event: KnowledgeEvent; digest: string } | { refused: string };

/** Above this an event is refused, in bytes of JSON. */
const MAX_EVENT_BYTES = 1_000_000;
/**
 * No real event comes near it; what recurses over a payload - JSON.stringify too - must not run out of stack.
 */
const MAX_DEPTH = 64;

/** What every event has, in its flat and in its nested form, with its time read. */
const envelope = domainEvent.extend({
  timestamp: domainEvent.shape.timestamp.transform((value, context) => {
    const at = readTime(value);
    if (at !== null) return at;
    context.addIssue("is no time");
    return z.NEVER;
  }),
});

/** Of the nested form; they are no part of what has happened. */
const ENVELOPE_NAMES: ReadonlySet<string> = new Set(Object.keys(nestedDomainEvent.shape));

/** Parses a Pub/Sub message: untrusted text. */
export function parseEventText(text: string): ParsedEvent {
  if (Buffer.byteLength(text) > MAX_EVENT_BYTES) return { refused: "too large" };
  let json: unknown;
  try {
    // A Java Long may be more than a double holds, in an id as well as in the payload.
    json = exactJson(text);
  } catch {
    return { refused: "not JSON" };
  }
  return parseEvent(json);
}

/**
 * Parses an event, flat or nested, out of JSON that anybody may have written. The reason for a refusal quotes
 * nothing of it.
 */
export function parseEvent(json: unknown): ParsedEvent {
  if (isValueDeeperThan(json, MAX_DEPTH)) return { refused: "nested too deeply" };
  const top = jsonObject.safeParse(json);
  if (!top.success) return { refused: "not an object" };
  const parsed = envelope.safeParse(top.data);
  if (!parsed.success) return { refused: wrongFields(parsed.error) };
  const data = jsonObject.safeParse(top.data.data);
  // What has a `data` that is no object is flat, with a field of that name.
  const payload = data.success ? data.data : ownFields(top.data);
  const named = eventSubject.safeParse({ ...pick(top.data), ...pick(payload) });
  if (!named.success) return { refused: wrongFields(named.error) };
  const { timestamp: at, source, ...ids } = parsed.data;
  if (data.success && contradicts(data.data.tenantId, ids.tenantId)) return { refused: "names two tenants" };
  const content = canonicalJson([ids.eventType, ids.userId, at, named.data, payload]);
  if (Buffer.byteLength(content) > MAX_EVENT_BYTES) return { refused: "too large" };
  const event: KnowledgeEvent = {
    ...ids,
    at,
    ...(source == null ? {} : { source }),
    ...(named.data.mailId == null ? {} : { mailId: named.data.mailId }),
    ...(named.data.documentId == null ? {} : { documentId: named.data.documentId }),
    text: renderEvent(ids.eventType, payload),
    payload,
  };
  return { event, digest: createHash("sha256").update(content).digest("hex") };
}

function ownFields(top: Record<string, unknown>): Record<string, unknown> {
  const isNested = (name: string) => name === "data" || name === "metadata";
  return Object.fromEntries(
    Object.entries(top).filter(([name]) => isNested(name) || !ENVELOPE_NAMES.has(name)),
  );
}

/** The nested form may name its object beside `data` or in it; null says nothing. */
function pick(from: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(eventSubject.shape).flatMap((name) => (from[name] == null ? [] : [[name, from[name]]])),
  );
}

function contradicts(inner: unknown, tenantId: string): boolean {
  return inner != null && String(inner) !== tenantId;
}

function wrongFields(error: z.ZodError): string {
  const names = new Set(error.issues.map(({ path }) => String(path[0])));
  return `missing or wrong: ${[...names].join(", ")}`;
}

/** JSON with sorted keys: the same event has one digest, in whatever order a publisher writes its fields. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
