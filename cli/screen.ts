import type { Terminal } from "./terminal.ts";
import { clip, clipStart, widthOf, wrap } from "./text.ts";

const upAndClear = (rows: number) => `${rows === 0 ? "" : `\u001b[${rows}A`}\r\u001b[J`;
const left = (columns: number) => (columns === 0 ? "" : `\u001b[${columns}D`);

/** A question, and what has been typed as its answer so far, before and after the cursor. */
export interface Prompt {
  question: string;
  before: string;
  after: string;
}

/**
 * What a run is drawn on: lines from top to bottom, streamed text, and a footer that is written over in
 * place.
 */
export interface Screen {
  /** Whether there is a footer; without one its changes have to be told as lines. */
  readonly live: boolean;
  /** A line of its own, which stays. */
  line(text: string): void;
  /** More of a text that arrives in pieces. */
  stream(delta: string): void;
  /** Rows below everything else, each with its style; they replace the ones before. */
  footer(rows: readonly { text: string; styled: (text: string) => string }[]): void;
  /**
   * The last rows of all, below the footer, with the cursor in them; null: nothing is asked. Live screens
   * only.
   */
  prompt(prompt: Prompt | null): void;
  /** What is drawn stays as it is; what follows comes below it. */
  settle(): void;
  /**
   * Leaves the terminal to another program until the work is done: the last rows are taken back before it,
   * and drawn again below what it has left. Lines that come meanwhile wait.
   */
  away<T>(work: () => Promise<T>): Promise<T>;
}

export function createScreen(terminal: Terminal): Screen {
  return terminal.live ? liveScreen(terminal) : plainScreen(terminal);
}

function plainScreen(terminal: Terminal): Screen {
  let inLine = false;
  const finishLine = () => {
    if (inLine) terminal.write("\n");
    inLine = false;
  };
  return {
    live: false,
    line(text) {
      finishLine();
      terminal.write(`${text}\n`);
    },
    stream(delta) {
      if (delta === "") return;
      terminal.write(delta);
      inLine = !delta.endsWith("\n");
    },
    footer() {},
    prompt() {},
    settle: finishLine,
    away(work) {
      finishLine();
      return work();
    },
  };
}

/** Rows of a question at most: what is asked about stands above, in full. */
const QUESTION_ROWS = 3;

function promptRows({ question, before, after }: Prompt, columns: number, terminal: Terminal) {
  const typed = clipStart(before, columns - 4);
  const rest = clip(after, columns - 3 - widthOf(typed));
  const asked = wrap(question, columns).slice(0, QUESTION_ROWS);
  return {
    rows: [...asked.map((row) => terminal.style("bold", row)), `> ${typed}${rest}`],
    back: left(widthOf(rest)),
  };
}

/**
 * The last rows - the unfinished row of streamed text, the footer and the prompt - are taken back and written
 * again with every change. They must fit the screen, and each of them a row: above the screen nothing can be
 * taken back.
 */
function liveScreen(terminal: Terminal): Screen {
  let unfinished = "";
  let footer: Parameters<Screen["footer"]>[0] = [];
  let prompt: Prompt | null = null;
  /** Rows from the first one that can be taken back down to the cursor; null: there are none. */
  let depth: number | null = null;
  // The last column stays free: terminals differ in what a character there does to the line feed after it.
  const columns = () => terminal.columns - 1;
  /** Lines that wait for the terminal; null: it is ours. */
  let waiting: string[] | null = null;
  const redraw = (above: readonly string[]) => {
    if (waiting !== null) return void waiting.push(...above);
    const asked = prompt === null ? null : promptRows(prompt, columns(), terminal);
    const room = Math.max(1, terminal.rows - 3 - (asked?.rows.length ?? 0));
    const shown = footer.length === 0 ? [] : [{ text: "", styled: String }, ...footer].slice(-room);
    const rows = shown.map(({ text, styled }) => styled(clip(text, columns())));
    const region = [...(unfinished === "" ? [] : [unfinished]), ...rows, ...(asked?.rows ?? [])];
    const takenBack = depth === null ? "" : upAndClear(depth);
    const text = [...above, ...region].map((row) => `${row}\n`).join("");
    // The cursor stays in the row of the prompt: an input method shows there what is being composed.
    terminal.write(takenBack + (asked === null ? text : text.slice(0, -1) + asked.back));
    depth = region.length === 0 ? null : region.length - (asked === null ? 0 : 1);
  };
  const finished = () => {
    const row = unfinished === "" ? [] : [unfinished];
    unfinished = "";
    return row;
  };
  return {
    live: true,
    line: (text) => redraw([...finished(), text]),
    stream(delta) {
      const rows = wrap(unfinished + delta, columns());
      unfinished = rows.pop() ?? "";
      redraw(rows);
    },
    footer(rows) {
      footer = rows;
      redraw([]);
    },
    prompt(asked) {
      prompt = asked;
      redraw([]);
    },
    settle() {
      if (prompt !== null) {
        prompt = null;
        redraw([]);
      }
      unfinished = "";
      footer = [];
      depth = null;
    },
    async away(work) {
      const kept = { footer, prompt };
      footer = [];
      prompt = null;
      redraw(finished());
      depth = null;
      ({ footer, prompt } = kept);
      waiting = [];
      try {
        return await work();
      } finally {
        const meanwhile: string[] = waiting;
        waiting = null;
        redraw(meanwhile);
      }
    },
  };
}
