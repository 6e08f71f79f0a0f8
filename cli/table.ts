import Table from "cli-table3";
import type { Terminal } from "./terminal.ts";
import { clip, harmlessLine, widthOf } from "./text.ts";

const PLAIN = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Columns of the last column at least, however narrow the terminal is. */
const MIN_LAST = 10;

/**
 * Rows under a head, without borders, so that lines can be cut by `cut` and `awk` as well. On a terminal the
 * last column is cut so that a row stays a line.
 */
export function tableOf(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = rows.map((row) => row.map(harmlessLine));
  const before = head
    .slice(0, -1)
    .map((name, at) => Math.max(widthOf(name), ...cells.map((row) => widthOf(row[at] ?? ""))) + 2)
    .reduce((sum, width) => sum + width, 0);
  const last = Math.max(MIN_LAST, terminal.columns - before - 1);
  const table = new Table({
    head: head.map((name) => terminal.style("bold", name)),
    chars: PLAIN,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of cells) {
    table.push(row.map((cell, at) => (at === row.length - 1 ? clip(cell, last) : cell)));
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Local date and time. */
export function timeOf(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "-";
  // Swedish writes dates as ISO 8601 does.
  return new Date(ms).toLocaleString("sv-SE");
}

export function durationOf(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
