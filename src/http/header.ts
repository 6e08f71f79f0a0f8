import type { IncomingHttpHeaders } from "node:http";
import { readHeaderValue } from "../../encoding/header-value.ts";
import { AuraError } from "../errors.ts";

/**
 * Headers of which there is one. A proxy that adds what the client has sent already makes two of it, and Node
 * - or a proxy on the way - joins them with a comma: equal values count once.
 */

/**
 * The header as a client has sent it; undefined when it is missing or empty. Values that differ stay joined,
 * as they came.
 */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const joined = [headers[name] ?? ""].flat().join(", ");
  const [value, ...others] = partsOf(joined);
  return others.length > 0 ? readHeaderValue(joined).trim() : value;
}

/**
 * The same of a header whose values hold no commas.
 *
 * @throws AuraError E4000 when there are two different values: which of them is meant, nobody can know
 */
export function soleHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headerOf(headers, name);
  if (value?.includes(",")) throw differing("E4000", name);
  return value;
}

/** The error for a header that was sent with different values. */
export function differing(code: "E2003" | "E4000", name: string): AuraError {
  return new AuraError(code, {
    data: { issues: [{ path: name, message: "sent with different values" }] },
    detail: `${name} was sent with different values`,
  });
}

/**
 * Whether a header names this id, once or several times: in UTF-8, in Latin-1, or percent-encoded, as a
 * browser must write what is not Latin-1. A check of an id that is known, never the source of one: so no
 * spelling can be taken for another id.
 */
export function isNamedBy(headers: IncomingHttpHeaders, name: string, id: string): boolean {
  const value = readHeaderValue([headers[name] ?? ""].flat().join(", "));
  return isRepetition(value, id) || isRepetition(percentDecoded(value) ?? "", id);
}

/** Whether the value is the id so many times, joined by commas: it may hold some of its own. */
function isRepetition(value: string, id: string): boolean {
  const [sent, expected] = [commasOnly(value), commasOnly(id)];
  const times = (sent.length + 1) / (expected.length + 1);
  return Number.isInteger(times) && times > 0 && sent === Array(times).fill(expected).join(",");
}

function commasOnly(text: string): string {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(",");
}

/** The different values of a header that may have been joined. */
export function partsOf(joined: string): string[] {
  const parts = joined.split(",").map((part) => readHeaderValue(part).trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

function percentDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    // Its percent signs are meant as they are.
    return undefined;
  }
}
