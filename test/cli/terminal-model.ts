import { widthOf } from "../../cli/text.ts";

/**
 * A terminal as far as it is used: text, line feed, carriage return, cursor up and left, clear below. Colours
 * are refused, so that a test reads text; anything else that begins with an escape is an error.
 */
export function createTerminalModel(columns: number, rows: number) {
  const lines: string[] = [""];
  let row = 0;
  /** Columns that the cursor stands before the end of its row. */
  let back = 0;
  const put = (character: string) => {
    const line = lines[row] ?? "";
    if (widthOf(line + character) > columns) {
      newLine();
      put(character);
    } else lines[row] = line + character;
  };
  const newLine = () => {
    row += 1;
    lines[row] ??= "";
  };
  return {
    isTTY: true,
    columns,
    rows,
    write(text: string) {
      for (const [part] of text.matchAll(/\p{Cc}\[\d*[A-Z]|[\s\S]/gu)) {
        const up = /\[(\d+)A$/.exec(part)?.[1];
        const left = part.length > 1 ? /\[(\d+)D$/.exec(part)?.[1] : undefined;
        back = left === undefined ? 0 : Number(left);
        if (left !== undefined) continue;
        if (part === "\n") newLine();
        else if (part === "\r") continue;
        else if (up !== undefined && part.length > 1) {
          if (Number(up) >= rows) throw new Error(`cursor up ${up} on a screen of ${rows} rows`);
          row -= Number(up);
        } else if (part.length > 1 && part.endsWith("[J")) lines.splice(row, lines.length, "");
        else if (/\p{Cc}/u.test(part)) throw new Error(`a control sequence: ${JSON.stringify(part)}`);
        else put(part);
      }
    },
    /** What stands there now. */
    text: () => lines.join("\n").trimEnd(),
    /** The row in which the cursor stands, and how many columns before its end. */
    cursor: () => ({ row: lines[row], back }),
  };
}
