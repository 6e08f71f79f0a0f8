/**
 * One block of a stream of server-sent events; one without `data` is a bare position. Or a comment, wherever
 * it stood.
 */
export interface SseFrame {
  /** Alone in its frame. */
  comment?: string;
  /** The last `id` line of the block, wherever it stands. */
  id?: string;
  event?: string;
  /** The block's `data` lines, joined by line feeds. */
  data?: string;
}

/**
 * Reads server-sent events out of chunks that may be cut anywhere, inside a character as well. Lines end with
 * LF, CRLF or CR. A block counts when the empty line after it has arrived: what a broken connection leaves
 * unfinished is dropped, its id included, so that the id of the last frame is always a position to come back
 * to. A comment is handed out at once: it is a sign of life.
 */
export async function* readSse(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SseFrame, void> {
  let frame: SseFrame = {};
  for await (const line of lines(chunks)) {
    if (line.startsWith(":")) {
      yield { comment: line.slice(1).trim() };
    } else if (line !== "") {
      readLine(line, frame);
    } else {
      yield frame;
      frame = {};
    }
  }
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  // TextDecoder also takes away a byte order mark.
  const decoder = new TextDecoder();
  let rest = "";
  let afterCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === "") continue;
    // The LF of a CRLF that was cut in two.
    if (afterCr && text.startsWith("\n")) text = text.slice(1);
    afterCr = text.endsWith("\r");
    const parts = text.split(/\r\n|\r|\n/);
    parts[0] = rest + (parts[0] ?? "");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

function readLine(line: string, frame: SseFrame): void {
  const colon = line.indexOf(":");
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "data") frame.data = frame.data === undefined ? value : `${frame.data}\n${value}`;
  else if (field === "event") frame.event = value;
  else if (field === "id" && !value.includes("\0")) frame.id = value;
}
