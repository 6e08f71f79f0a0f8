import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";

/** What a person did with a line: finished it, pressed Ctrl-C, or ended the input (Ctrl-D). */
export type Typed = { kind: "line"; text: string } | { kind: "interrupted" } | { kind: "ended" };

/** The keyboard, for as long as it is read. Nothing of it is drawn here. */
export interface LineEditor {
  /** The next line that is finished from now on: one that was finished before is nobody's answer. */
  next(): Promise<Typed>;
  close(): void;
}

/** A terminal's input, or a test's stream that stands for one. */
export type Keyboard = NodeJS.ReadableStream & {
  isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  readableEnded?: boolean;
};

/** Characters of a line at most; what is typed beyond them is not taken. */
const LONGEST = 2_000;
/** Characters before and after the cursor that are told of. */
const SHOWN = 1_000;

/**
 * Reads lines with the keys that readline knows, and tells of every change: text before the cursor, text
 * after it. What had been typed before this call is thrown away: it cannot be an answer to a question that
 * nobody had seen.
 */
export async function openLineEditor(
  input: Keyboard,
  onChange: (before: string, after: string) => void,
): Promise<LineEditor> {
  await throwAwayTypeAhead(input);
  const reader = createInterface({
    input,
    output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    terminal: true,
    historySize: 0,
  });
  const tell = () => {
    while (reader.line.length > LONGEST) reader.write(null, { name: "backspace" });
    const { line, cursor } = reader;
    onChange(line.slice(Math.max(0, cursor - SHOWN), cursor), line.slice(cursor, cursor + SHOWN));
  };
  let answer: ((typed: Typed) => void) | null = null;
  const give = (typed: Typed) => {
    answer?.(typed);
    answer = null;
  };
  reader.on("line", (text) => give({ kind: "line", text }));
  reader.on("SIGINT", () => give({ kind: "interrupted" }));
  // Back from the background (Ctrl-Z): the shell has written here meanwhile.
  reader.on("SIGCONT", tell);
  reader.on("close", () => give({ kind: "ended" }));
  // After readline's own listener, which has changed the line by then.
  input.on("keypress", tell);
  return {
    next: () =>
      new Promise((resolve) => {
        if (input.readableEnded === true) return resolve({ kind: "ended" });
        answer = resolve;
      }),
    close() {
      input.off("keypress", tell);
      reader.close();
    },
  };
}

/**
 * Raw mode first: the terminal keeps an unfinished line to itself otherwise. One round of the event loop
 * reads what is there.
 */
async function throwAwayTypeAhead(input: Keyboard): Promise<void> {
  if (input.isTTY === true) input.setRawMode?.(true);
  const drop = () => {};
  input.on("data", drop);
  input.resume();
  await nextTurn();
  await nextTurn();
  input.off("data", drop);
}
