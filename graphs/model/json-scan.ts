/**
 * Reads the pieces of a JSON object as they come, each character once, and says whether its last bracket has
 * been closed. It does not validate: a closed object may still not be JSON, but one that is not closed is not
 * complete.
 */
export function objectScanner() {
  let depth = 0;
  let inText = false;
  let escaped = false;
  let state: "before" | "inside" | "closed" | "broken" = "before";

  const read = (character: string) => {
    if (inText) {
      if (escaped) escaped = false;
      else if (character === "\\") escaped = true;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth === 0) state = "closed";
  };

  return {
    add(piece: string): void {
      if (state === "broken") return;
      for (const character of piece) {
        if (state === "inside") read(character);
        else if (" \t\r\n".includes(character)) continue;
        else if (state === "before" && character === "{") {
          state = "inside";
          depth = 1;
        } else {
          state = "broken";
          return;
        }
      }
    },
    isClosed: (): boolean => state === "closed",
  };
}
