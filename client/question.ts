import type { Decision } from "./api.ts";
import { type Keyboard, openLineEditor } from "./line-editor.ts";
import type { Prompt } from "./screen.ts";
import { harmlessLine } from "./text.ts";
import { type Language, WORDS } from "./words.ts";

/** What a person says when asked for a decision. */
export type Answer = Decision | { verdict: "later" } | { verdict: "interrupted" };

/** A question that is open, and can be taken back. */
export interface Question {
  answer: Promise<Answer>;
  /** Takes the question from the screen, answered or not, and lets the keyboard go. */
  close(): void;
}

/** Keys and words, in both languages and with the Korean keyboard left on (ㅁ is on the key of a). */
const VERDICTS: ReadonlyMap<string, "approve" | "reject" | "later"> = new Map([
  ...["a", "approve", "ㅁ", "승인"].map((word) => [word, "approve"] as const),
  ...["r", "reject", "ㄱ", "거절"].map((word) => [word, "reject"] as const),
  ...["l", "later", "ㅣ", "나중", "나중에"].map((word) => [word, "later"] as const),
]);

/** What a typed line decides; null: nothing. There is no default: an empty line decides nothing either. */
export function readVerdict(line: string): "approve" | "reject" | "later" | null {
  return VERDICTS.get(line.normalize("NFC").trim().toLowerCase()) ?? null;
}

/**
 * Asks for the decision on one approval; for a rejection also for its reason.
 *
 * @param what names the approval, in one harmless line
 * @param show draws the question
 */
export async function openQuestion(
  what: string,
  keyboard: Keyboard,
  language: Language,
  show: (prompt: Prompt | null) => void,
): Promise<Question> {
  const { asked } = WORDS[language];
  let question = asked.decision(what);
  const draw = (before: string, after: string) =>
    show({ question, before: harmlessLine(before), after: harmlessLine(after) });
  const editor = await openLineEditor(keyboard, draw);
  const ask = (text: string) => {
    question = text;
    draw("", "");
    return editor.next();
  };
  const converse = async (): Promise<Answer> => {
    let typed = await ask(question);
    for (;;) {
      if (typed.kind !== "line") return { verdict: typed.kind === "ended" ? "later" : "interrupted" };
      const verdict = readVerdict(typed.text);
      if (verdict === "reject") break;
      if (verdict !== null) return { verdict };
      typed = await ask(asked.again(what));
    }
    const reason = await ask(asked.reason(what));
    if (reason.kind === "interrupted") return { verdict: "interrupted" };
    // The end of the input is no reason, and no rejection without one.
    if (reason.kind === "ended") return { verdict: "later" };
    const text = reason.text.trim();
    return { verdict: "reject", ...(text === "" ? {} : { reason: text }) };
  };
  return {
    answer: converse(),
    close() {
      editor.close();
      show(null);
    },
  };
}
