import type { Terminal } from "./terminal.ts";
import { clip, wrap } from "./text.ts";

const UP_AND_CLEAR = (rows: number) => `\u001b[${rows}A\r\u001b[J`;

/** What a run is drawn on: lines from top to bottom, streamed text, and a footer that is written over in place. */
export interface Screen {
  /** Whether there is a footer; without one its changes have to be told as lines. */
  readonly live: boolean;
  /** A line of its own, which stays. */
  line(text: string): void;
  /** More of a text that arrives in pieces. */
  stream(delta: string): void;
  /** Rows below everything else, each with its style; they replace the ones before. */
  footer(rows: readonly { text: string; styled: (text: string) => string }[]): void;
  /** What is drawn stays as it is; what follows comes below it. */
  settle(): void;
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
    settle: finishLine,
  };
}

/**
 * The last rows - the unfinished row of streamed text and the footer - are taken back and written again with every change.
 * They must fit the screen, and each of them a row: above the screen nothing can be taken back.
 */
function liveScreen(terminal: Terminal): Screen {
  let unfinished = "";
  let footer: Parameters<Screen["footer"]>[0] = [];
  let drawn = 0;
  // The last column stays free: terminals differ in what a character there does to the line feed after it.
  const columns = () => terminal.columns - 1;
  const redraw = (above: readonly string[]) => {
    const shown =
      footer.length === 0 ? [] : [{ text: "", styled: String }, ...footer].slice(-terminal.rows + 3);
    const rows = shown.map(({ text, styled }) => styled(clip(text, columns())));
    const region = unfinished === "" ? rows : [unfinished, ...rows];
    const back = drawn === 0 ? "" : UP_AND_CLEAR(drawn);
    drawn = region.length;
    terminal.write(back + [...above, ...region].map((row) => `${row}\n`).join(""));
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
    settle() {
      unfinished = "";
      footer = [];
      drawn = 0;
    },
  };
}
