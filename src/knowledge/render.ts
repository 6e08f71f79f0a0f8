/** Longest rendering, in UTF-16 units: what an embedder reads and a model is shown of one event. */
const MAX_CHARS = 8_000;

/**
 * An event as text to search in and to read: its type in words, then one `name: value` line per field. Each
 * field stays on its line, whatever control characters it holds, so that no value can pose as another field.
 */
export function renderEvent(eventType: string, payload: Record<string, unknown>): string {
  const lines = [typeInWords(eventType)];
  let length = lines[0]?.length ?? 0;
  for (const [name, value] of flattened("", payload)) {
    const line = `${oneLine(name)}: ${oneLine(value)}`;
    lines.push(line);
    length += line.length + 1;
    if (length > MAX_CHARS) break;
  }
  return cut(lines.join("\n").toWellFormed());
}

/** `MailSentEvent` -> `Mail sent`. */
function typeInWords(eventType: string): string {
  const words = oneLine(eventType)
    .replace(/(?<=.)Event$/, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .split(/[\s_.-]+/);
  return words
    .map((word, at) => (at === 0 || /^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(" ");
}

/** Fields that say something, as (path, text); the caller may stop at any time. */
function* flattened(path: string, value: unknown): Generator<[string, string]> {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    // The whole of a long list is never needed.
    yield* flattened(path, value.slice(0, MAX_CHARS).join(", "));
  } else if (typeof value === "object" && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      yield* flattened(path === "" ? name : `${path}.${name}`, each);
    }
  } else if (value !== null && value !== undefined && value !== "") {
    yield [path, String(value).slice(0, MAX_CHARS)];
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

function cut(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  // Never between the halves of a surrogate pair.
  return text.slice(0, MAX_CHARS).replace(/[\uD800-\uDBFF]$/, "");
}
