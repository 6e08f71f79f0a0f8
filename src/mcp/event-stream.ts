/** One event of a stream of server-sent events. */
interface StreamEvent {
  data: string;
  /** The last id until here; undefined when the server has given none. */
  id: string | undefined;
  /** How long to wait before the stream is gone on with, in ms, if the server has said so. */
  retryMs: number | undefined;
}

/** Lines of it end in any of the three ways. */
const LINE_END = /\r\n|\r|\n/;

/**
 * Reads server-sent events as they arrive, also those without data, and one at the end whose last line break
 * is missing.
 *
 * @param maxLength of one event, in characters
 * @throws RangeError for a longer one, and what reading the body throws
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  maxLength: number,
): AsyncGenerator<StreamEvent> {
  const event = collector();
  for await (const line of linesOf(body, maxLength)) {
    const complete = event.add(line, maxLength);
    if (complete !== null) yield complete;
  }
  const rest = event.add("", maxLength);
  if (rest !== null) yield rest;
}

function collector() {
  let data: string[] = [];
  let length = 0;
  let isBegun = false;
  let id: string | undefined;
  let retryMs: number | undefined;
  const field = (name: string, value: string, maxLength: number) => {
    isBegun = true;
    if (name === "data") data.push(value);
    else if (name === "id") id = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) retryMs = Number(value);
    length += value.length;
    if (length > maxLength) throw new RangeError("an event is too long");
  };
  return {
    /** The event that an empty line ends, else null. */
    add(line: string, maxLength: number): StreamEvent | null {
      if (line !== "") {
        const colon = line.indexOf(":");
        const [name, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1)];
        // Without a name it is a comment.
        if (name !== "") field(name, value.startsWith(" ") ? value.slice(1) : value, maxLength);
        return null;
      }
      if (!isBegun) return null;
      const complete = { data: data.join("\n"), id, retryMs };
      data = [];
      length = 0;
      isBegun = false;
      return complete;
    },
  };
}

/** Each piece is searched once, however many a line has. */
async function* linesOf(body: ReadableStream<Uint8Array>, maxLength: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = "";
  let endsInReturn = false;
  for await (const bytes of body) {
    const piece = decoder.decode(bytes, { stream: true });
    if (piece === "") continue;
    // The other half of a line break whose first half the last piece ended with.
    const text = endsInReturn && piece.startsWith("\n") ? piece.slice(1) : piece;
    endsInReturn = piece.endsWith("\r");
    const [first = "", ...rest] = text.split(LINE_END);
    line += first;
    for (const next of rest) {
      yield line;
      line = next;
    }
    if (line.length > maxLength) throw new RangeError("a line is too long");
  }
  if (line !== "") yield line;
}
