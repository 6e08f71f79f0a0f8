import type { Mutant } from "../mutant.ts";

/** As the code of frame.ts has it, which is a template itself. */
const [ID, JSON_TEXT] = ["$" + "{id}", "$" + "{json}"];
const [SAID, POSITION] = ["$" + "{comment}", "$" + "{formatEventId(runId, seq)}"];

const STREAM = ["test/http/stream.integration.test.ts"];
const READERS = ["test/http/readers.test.ts"];
const ALIASES = ["test/http/aliases.test.ts"];
const ENDS = ["test/http/stream-ends.integration.test.ts"];
const FRAME = ["test/http/frame.test.ts", "test/http/models.integration.test.ts"];

/** What a client reads, and from where on. */
export const STREAMS: readonly Mutant[] = [
  {
    promise: "a heartbeat carries an id",
    file: "src/http/sse.ts",
    source: `commentFrame(runId, seq, "heartbeat")`,
    replacement: String.raw`": heartbeat\n\n"`,
    tests: STREAM,
  },
  {
    promise: "heartbeats keep a waiting stream open",
    file: "src/http/sse.ts",
    source: `response.write(commentFrame(runId, seq, "heartbeat"))`,
    replacement: "",
    tests: STREAM,
  },
  {
    promise: "the answer begins at once, with an id before the first event",
    file: "src/http/sse.ts",
    source: `await write(commentFrame(runId, seq, "aura"));`,
    replacement: "",
    tests: STREAM,
  },
  {
    promise: "a cut stream does not look complete",
    file: "src/http/sse.ts",
    source: "if (stream.signal.aborted) {",
    replacement: "if (stream.signal === null) {",
    tests: ["test/http/shutdown.slow.test.ts"],
  },
  {
    promise: "the Gateway finds an id before an event's data",
    file: "src/http/frame.ts",
    source: `return \`: ${ID}\\nevent:`,
    replacement: "return `event:",
    tests: FRAME,
  },
  {
    promise: "no client takes an event's id before its data",
    file: "src/http/frame.ts",
    source: `return \`: ${ID}\\nevent:`,
    replacement: `return \`${ID}\\nevent:`,
    tests: READERS,
  },
  {
    promise: "a heartbeat is no message",
    file: "src/http/frame.ts",
    source: String.raw`: ${SAID}\nid: ${POSITION}\n`,
    replacement: String.raw`: ${SAID}\nid: ${POSITION}\n\n`,
    tests: READERS,
  },
  {
    promise: "a frame is ASCII",
    file: "src/http/frame.ts",
    source: "const json = asciiJson({ type, event, data });",
    replacement: "const json = JSON.stringify({ type, event, data });",
    tests: FRAME,
  },
  {
    promise: "DWP's page finds an approval",
    file: "src/http/aliases.ts",
    source: 'event: "hitl_request",',
    replacement: "",
    tests: ALIASES,
  },
  {
    promise: "names of DWP's client cut nothing of the contract's fields",
    file: "src/http/frame.ts",
    source: "if (fits(more)) return more;",
    replacement: "return more;",
    tests: ALIASES,
  },
  {
    promise: "who sees some of the arguments is told that there are others",
    file: "src/http/aliases.ts",
    source: "...leftOut(missing, place)",
    replacement: "",
    tests: ALIASES,
  },
  {
    promise: "the stream of a failed run does not look complete",
    file: "src/http/sse.ts",
    source: "if (!failed) await write(",
    replacement: "await write(",
    tests: ENDS,
  },
  {
    promise: "an EventSource of a failed run does not come back for ever",
    file: "src/http/follow.ts",
    source: 'if (start.failed && request.method === "GET"',
    replacement: 'if (start.failed && request.method === "HEAD"',
    tests: ENDS,
  },
  {
    promise: "an event's id stands after its data",
    file: "src/http/frame.ts",
    source: String.raw`\ndata: ${JSON_TEXT}\n${ID}\n\n`,
    replacement: String.raw`\ndata: ${JSON_TEXT}\n\n`,
    tests: FRAME,
  },
  {
    promise: "a frame is 16 KB at most",
    file: "packages/contract/src/frames.ts",
    source: "MAX_FRAME_BYTES = 16 * 1024",
    replacement: "MAX_FRAME_BYTES = 160 * 1024",
    tests: FRAME,
  },
  {
    promise: "a follower that is woken loses nothing between two reads",
    file: "src/runs/follow.ts",
    source: "if (last !== undefined) continue;",
    replacement: "if (last === null) continue;",
    tests: ["test/runs/follow.test.ts"],
  },
  {
    promise: "a follower whose log is gone is told so",
    file: "src/runs/follow.ts",
    source: "await refuseGone(log, runId, position);",
    replacement: "",
    tests: ["test/runs/follow.test.ts"],
  },
  {
    promise: "an error event carries no internals",
    file: "src/runs/fail.ts",
    source: "{ error: { errorCode, message } }",
    replacement: "{ error: { errorCode, message: String(error) } }",
    tests: ["test/http/models.integration.test.ts"],
  },
];
