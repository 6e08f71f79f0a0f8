import { readSse } from "@aura-platform/client/sse.ts";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { createParser } from "eventsource-parser";

/** An event as a reader hands it to its page. */
export interface Seen {
  /** Undefined where the reader does not say it. */
  id?: string;
  event?: string;
  data: string;
}

/** Opens the stream behind a position; undefined: the reader has none. */
export type Open = (lastEventId: string | undefined) => Promise<Response>;

/** How one kind of client reads a stream to its end, over as many connections as it takes. */
export type Reader = (open: Open) => Promise<Seen[]>;

/** Reads connections until one ends in good order. */
async function untilEnd(
  open: Open,
  position: () => string | undefined,
  read: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  for (;;) {
    const response = await open(position());
    try {
      await read(response.body as unknown as AsyncIterable<Uint8Array>);
      return;
    } catch (error) {
      if (!(error instanceof TypeError) || error.message !== BROKEN) throw error;
    }
  }
}

/** What `brokenAt` breaks a connection with, like fetch. */
const BROKEN = "terminated";

/** A response that delivers these chunks one by one, and then ends or breaks. */
export function deliver(chunks: readonly Uint8Array[], breaks = false): Response {
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = left.shift();
        if (chunk !== undefined) controller.enqueue(chunk);
        else if (breaks) controller.error(new TypeError(BROKEN));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** The way of DWP's web client: lines, exactly one space, and a position from its line at once. */
const lineSplitter: Reader = async (open) => {
  const seen: Seen[] = [];
  let last: string | undefined;
  await untilEnd(
    open,
    () => last,
    async (bytes) => {
      const decoder = new TextDecoder();
      let rest = "";
      for await (const chunk of bytes) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line.startsWith("id: ")) last = line.slice(4);
          if (line.startsWith("data: ")) seen.push({ data: line.slice(6) });
        }
      }
    },
  );
  return seen;
};

/** As `eventsource` on npm and most clients of model servers use it: a position is that of the last event. */
const parserOfEvents: Reader = async (open) => {
  const seen: Seen[] = [];
  let last: string | undefined;
  await untilEnd(
    open,
    () => last,
    async (bytes) => {
      const decoder = new TextDecoder();
      const parser = createParser({
        onEvent: ({ id, event, data }) => {
          seen.push({ ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }), data });
          last = id ?? last;
        },
      });
      for await (const chunk of bytes) parser.feed(decoder.decode(chunk, { stream: true }));
    },
  );
  return seen;
};

/** Ours, of the command line. */
const commandLine: Reader = async (open) => {
  const seen: Seen[] = [];
  let last: string | undefined;
  await untilEnd(
    open,
    () => last,
    async (bytes) => {
      for await (const { id, event, data, comment } of readSse(bytes)) {
        if (comment !== undefined) continue;
        if (data === undefined) throw new Error("a block without data");
        seen.push({ ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }), data });
        last = id ?? last;
      }
    },
  );
  return seen;
};

/** Every message is handed out, an empty one as well; needs `browserGlobals`. */
const fetchEventSourceReader: Reader = async (open) => {
  const seen: Seen[] = [];
  await fetchEventSource("http://aura.test/", {
    fetch: async (_input, init) =>
      open((init?.headers as Record<string, string> | undefined)?.["last-event-id"]),
    onmessage: ({ id, event, data }) => void seen.push({ id, ...(event === "" ? {} : { event }), data }),
    onerror: (error) => {
      if (!(error instanceof TypeError) || error.message !== BROKEN) throw error;
      return 0;
    },
  });
  return seen;
};

/** What fetch-event-source needs of a browser. */
export function browserGlobals() {
  const document = Object.assign(new EventTarget(), { hidden: false });
  return { document, window: { setTimeout, clearTimeout, fetch } };
}

export const READERS = {
  "DWP's web client": lineSplitter,
  "eventsource-parser": parserOfEvents,
  "the command line": commandLine,
  "fetch-event-source": fetchEventSourceReader,
} as const satisfies Record<string, Reader>;
