import { test } from "vitest";
import { clip, harmlessLine, wrap } from "../../cli/text.ts";

test("a mail's body in one line is drawn, however long it is", () => {
  for (const part of [" ", "가", "x", "단어 ", "e\u0301", "👨‍👩‍👧‍👦", "\n", " \n", "\u0301", "\u202e"]) {
    const long = part.repeat(400_000 / part.length);
    harmlessLine(long);
    wrap(long, 80);
    clip(long, 80);
  }
});
