import fc from "fast-check";
import { expect, test } from "vitest";
import { createScreen, type Screen } from "../../cli/screen.ts";
import { createTerminal } from "../../cli/terminal.ts";
import { clipStart, widthOf } from "../../cli/text.ts";
import { createTerminalModel } from "./terminal-model.ts";

const open = (columns: number, rows: number) => {
  const model = createTerminalModel(columns, rows);
  return { model, screen: createScreen(createTerminal(model, { NO_COLOR: "1" })) };
};
const row = (text: string) => ({ text, styled: String });

test("a question stands below the footer, keeps what is typed, and leaves nothing behind", () => {
  const { model, screen } = open(30, 24);
  screen.line("first");
  screen.footer([row("○ plan")]);
  screen.prompt({ question: "Send it now, to all of them and to more?", before: "재미", after: "있다" });
  expect(model.text()).toBe("first\n\n○ plan\nSend it now, to all of them\nand to more?\n> 재미있다");
  expect(model.cursor()).toEqual({ row: "> 재미있다", back: 4 });
  screen.line("second");
  screen.stream("streamed ");
  expect(model.text()).toBe(
    "first\nsecond\nstreamed \n\n○ plan\nSend it now, to all of them\nand to more?\n> 재미있다",
  );
  screen.prompt(null);
  screen.stream("text");
  expect(model.text()).toBe("first\nsecond\nstreamed text\n\n○ plan");
  screen.prompt({ question: "Q", before: "", after: "" });
  screen.settle();
  screen.line("after");
  expect(model.text()).toBe("first\nsecond\nstreamed text\n\n○ plan\nafter");
});

test("another program gets the terminal without what is drawn over in place; what comes meanwhile waits", async () => {
  const { model, screen } = open(30, 24);
  screen.line("first");
  screen.stream("streamed");
  screen.footer([row("○ plan")]);
  screen.prompt({ question: "Q", before: "typed", after: "" });
  const result = await screen.away(async () => {
    expect(model.text()).toBe("first\nstreamed");
    screen.line("meanwhile");
    screen.stream("more\nand");
    screen.prompt(null);
    screen.footer([row("✔ plan")]);
    expect(model.text()).toBe("first\nstreamed");
    model.write("an editor\n");
    return "done";
  });
  expect(result).toBe("done");
  expect(model.text()).toBe("first\nstreamed\nan editor\nmeanwhile\nmore\nand\n\n✔ plan");
  screen.prompt({ question: "Q2", before: "", after: "" });
  await expect(screen.away(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(model.text()).toMatch(/an editor[\s\S]*✔ plan\nQ2\n>$/);
});

test("an answer longer than its row shows its end, where it is typed", () => {
  const { model, screen } = open(20, 24);
  screen.prompt({
    question: "Why?",
    before: "가나다라마바사아자차카타파하",
    after: "and all that came after",
  });
  const { row: typed = "", back } = model.cursor();
  expect(typed).toMatch(/^> ….*하…$/);
  expect([widthOf(typed) <= 20, back]).toEqual([true, 1]);
  expect(clipStart("가나다", 5)).toBe("…나다");
  expect([clipStart("abc", 3), clipStart("abcd", 3), clipStart("abcd", 1)]).toEqual(["abc", "…cd", "…"]);
});

test("whatever is drawn in whatever order, lines stay as they are, and a question stands there once or not at all", () => {
  const text = fc.string({ unit: fc.constantFrom("가", "a", " ", "b", "나", "👍"), maxLength: 60 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("line" as const), text }),
    fc.record({ kind: fc.constant("stream" as const), text }),
    fc.record({ kind: fc.constant("footer" as const), rows: fc.array(text, { maxLength: 30 }) }),
    fc.record({ kind: fc.constant("prompt" as const), before: text, after: text }),
    fc.constant({ kind: "unprompt" as const }),
    fc.constant({ kind: "settle" as const }),
  );
  const size = fc.record({
    columns: fc.integer({ min: 20, max: 60 }),
    rows: fc.integer({ min: 8, max: 30 }),
  });
  fc.assert(
    fc.property(size, fc.array(step, { maxLength: 30 }), ({ columns, rows }, steps) => {
      const { model, screen } = open(columns, rows);
      let lines = 0;
      let asked = false;
      for (const each of steps) {
        asked = draw(screen, each, asked, lines);
        if (each.kind === "line") lines += 1;
        const shown = model.text();
        expect(shown.match(/^QUESTION$/gm) ?? []).toHaveLength(asked ? 1 : 0);
        expect(shown.match(/^LINE\d+/gm) ?? []).toEqual(
          Array.from({ length: lines }, (_, at) => `LINE${at}`),
        );
        if (asked) expect(shown.split("\n").at(-1)).toMatch(/^>/);
      }
    }),
  );
});

type Step = { kind: string; text?: string; rows?: string[]; before?: string; after?: string };

function draw(screen: Screen, step: Step, asked: boolean, lines: number): boolean {
  if (step.kind === "line") screen.line(`LINE${lines}`);
  if (step.kind === "stream") screen.stream(step.text ?? "");
  if (step.kind === "footer") screen.footer((step.rows ?? []).map(row));
  if (step.kind === "prompt") {
    screen.prompt({ question: "QUESTION", before: step.before ?? "", after: step.after ?? "" });
    return true;
  }
  if (step.kind === "unprompt") screen.prompt(null);
  if (step.kind === "settle") screen.settle();
  return step.kind === "unprompt" || step.kind === "settle" ? false : asked;
}
