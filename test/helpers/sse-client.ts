/**
 * One block of the stream, split the way DWP's web client does it: by lines, exactly one space after the colon. A heartbeat and
 * the opening, which are no blocks, are frames of their own.
 */
export interface Frame {
  id?: string;
  event?: string;
  /** The data line as it was sent. */
  data?: string;
  comment?: string;
}

export interface SseStream {
  response: Response;
  /** Every frame so far. */
  frames: Frame[];
  /** Every network chunk so far, as text. */
  chunks: string[];
  /** The first frame, past or future, that matches; rejects when the stream ends without one. */
  first(matches: (frame: Frame) => boolean): Promise<Frame>;
  /** The parsed `data` of the first event of a type. */
  event(type: string): Promise<any>;
  /** Resolves with all frames when the server has ended the stream; rejects when the connection broke. */
  ended: Promise<Frame[]>;
  close(): void;
}

/** Opens an SSE stream with fetch; the answer's status is not checked. */
export async function openStream(url: string, init: RequestInit = {}): Promise<SseStream> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  const frames: Frame[] = [];
  const chunks: string[] = [];
  const waiters = new Set<() => void>();
  let over = false;
  const notify = () => {
    for (const wake of [...waiters]) wake();
  };

  const read = async () => {
    const decoder = new TextDecoder();
    let text = "";
    const block: string[] = [];
    const take = (line: string) => {
      if (line !== "") block.push(line);
      if (line === "" || isPosition(block)) frames.push(parseBlock(block.splice(0)));
    };
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        const part = decoder.decode(chunk, { stream: true });
        chunks.push(part);
        text += part;
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        lines.forEach(take);
        notify();
      }
      return frames;
    } finally {
      over = true;
      notify();
    }
  };
  const ended = read();
  ended.catch(() => {});

  const first = (matches: (frame: Frame) => boolean) =>
    new Promise<Frame>((resolve, reject) => {
      const look = () => {
        const found = frames.find(matches);
        if (found === undefined && !over) return;
        waiters.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the stream ended without it:\n${chunks.join("")}`));
      };
      waiters.add(look);
      look();
    });

  return {
    response,
    frames,
    chunks,
    first,
    event: async (type) => JSON.parse((await first((frame) => frame.event === type)).data ?? "").data,
    ended,
    close: () => abort.abort(),
  };
}

/** Whether a run's stream ends with this frame: `[DONE]`, or the error of a run that has failed. */
export function isEnd({ event, data }: Frame): boolean {
  return data === "[DONE]" || event === "error";
}

/** The events of a finished or running stream: type and data. */
export function eventsOf(frames: readonly Frame[]): { id: string; type: string; data: any }[] {
  return frames
    .filter((frame) => frame.event !== undefined)
    .map((frame) => ({
      id: frame.id ?? "",
      type: frame.event ?? "",
      data: JSON.parse(frame.data ?? "").data,
    }));
}

/** The answer that the web client shows: its `content` deltas, concatenated. */
export function textOf(frames: readonly Frame[]): string {
  return eventsOf(frames)
    .filter(({ type }) => type === "content")
    .map(({ data }) => data.content)
    .join("");
}

/** A comment and an id, below which no empty line stands; the comment of an event is its id. */
function isPosition([first = "", second]: string[]): boolean {
  return first.startsWith(": ") && !first.startsWith(": id: ") && second?.startsWith("id: ") === true;
}

function parseBlock(lines: string[]): Frame {
  const frame: Frame = {};
  for (const line of lines) {
    if (line.startsWith("id: ")) frame.id = line.slice(4);
    else if (line.startsWith("event: ")) frame.event = line.slice(7);
    else if (line.startsWith("data: ")) {
      if (frame.data !== undefined) throw new Error(`two data lines in one event: ${lines.join("\n")}`);
      frame.data = line.slice(6);
    } else if (line.startsWith(": id: ")) continue;
    else if (line.startsWith(": ")) frame.comment = line.slice(2);
    else throw new Error(`not a line of SSE that the web client reads: ${JSON.stringify(line)}`);
  }
  return frame;
}
