export type JsonObject = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Characters of JSON, for a message and its calls together. What is longer is not kept. */
const MAX_KEPT = 128 * 1024;

/**
 * Fields that a server sent with a message or its calls and whose meaning we do not know. They are sent back
 * to that server and to no other.
 */
export interface KeptFields {
  /** Names the endpoint and its model. */
  server: string;
  message?: JsonObject;
  /** By call id. */
  calls?: Record<string, JsonObject>;
}

/**
 * Merges what came in pieces: texts and lists are continued, objects are merged, of anything else the last
 * one counts. Changes `first`, because a copy for every piece would be quadratic work.
 */
export function mergeKept(
  first: JsonObject | undefined,
  second: JsonObject | undefined,
): JsonObject | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  for (const [key, value] of Object.entries(second)) {
    // Assigning to this key would set the prototype.
    if (key !== "__proto__") first[key] = joined(first[key], value);
  }
  return first;
}

function joined(before: unknown, value: unknown): unknown {
  if (typeof before === "string" && typeof value === "string") return before + value;
  if (Array.isArray(before) && Array.isArray(value)) {
    for (const each of value) before.push(each);
    return before;
  }
  return isRecord(before) && isRecord(value) ? mergeKept(before, value) : value;
}

/** Undefined when nothing is worth keeping, or too much. */
export function keptFields(
  server: string,
  message: JsonObject | undefined,
  calls: readonly { id: string; kept?: JsonObject }[],
): KeptFields | undefined {
  const ofCalls = calls.flatMap(({ id, kept }) => (kept === undefined ? [] : [[id, kept] as const]));
  if (message === undefined && ofCalls.length === 0) return undefined;
  const fields: KeptFields = {
    server,
    ...(message === undefined ? {} : { message }),
    ...(ofCalls.length === 0 ? {} : { calls: Object.fromEntries(ofCalls) }),
  };
  return JSON.stringify(fields).length > MAX_KEPT ? undefined : fields;
}

/** The key of a message's `additional_kwargs` that holds them. */
const KEPT = "kept_fields";

export function withKept(fields: KeptFields | undefined): JsonObject {
  return fields === undefined ? {} : { [KEPT]: fields };
}

/**
 * What a message holds for this server; undefined when there is nothing. Saved threads may come from
 * anywhere, so everything is checked.
 */
export function keptFor(server: string, additional: JsonObject): Omit<KeptFields, "server"> | undefined {
  const fields = additional[KEPT];
  if (!isRecord(fields) || fields.server !== server) return undefined;
  const calls = isRecord(fields.calls) ? Object.entries(fields.calls).filter(isCallEntry) : [];
  return {
    ...(isRecord(fields.message) ? { message: fields.message } : {}),
    calls: Object.fromEntries(calls),
  };
}

function isCallEntry(entry: [string, unknown]): entry is [string, JsonObject] {
  return isRecord(entry[1]);
}

/**
 * The part of a message's additional fields that is sent to a server: the kept ones. LangChain reads calls
 * out of others, which an older version or another program may have left there.
 */
export function keptAfresh(additional: JsonObject): JsonObject {
  const names = Object.keys(additional);
  if (names.every((name) => name === KEPT)) return additional;
  return Object.hasOwn(additional, KEPT) ? { [KEPT]: additional[KEPT] } : {};
}
