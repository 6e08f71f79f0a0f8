import { styleText } from "node:util";

/** The part of a stream (process.stdout, or one of a test) that is written to. */
export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export type Style = Parameters<typeof styleText>[0];

/** Where a command's output goes, and what can be done with it. */
export interface Terminal {
  write(text: string): void;
  /** The text in a colour or the like; unchanged where there are none. */
  style(style: Style, text: string): string;
  /** Whether what was written can be written over: a person is looking at it. */
  readonly live: boolean;
  /** Columns of a row; Infinity where nobody breaks lines. Rows of the screen. */
  readonly columns: number;
  readonly rows: number;
}

/** Colours only on a TTY, and never with NO_COLOR (any value that is not empty) or TERM=dumb. */
export function createTerminal(stream: TextStream, env: NodeJS.ProcessEnv): Terminal {
  const live = stream.isTTY === true && env.TERM !== "dumb";
  const colours = live && !env.NO_COLOR;
  return {
    write: (text) => void stream.write(text),
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    live,
    // A terminal that does not know its size says 0.
    get columns() {
      return live ? Math.max(20, stream.columns || 80) : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return Math.max(6, stream.rows || 24);
    },
  };
}
