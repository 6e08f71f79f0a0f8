import type { Decision } from "@aura-platform/client/api.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { type Keyboard, openLineEditor } from "./line-editor.ts";
import type { Prompt } from "./screen.ts";
import { harmlessLine } from "./text.ts";
import { WORDS } from "./words.ts";

/** What a person says when asked for a decision. */
export type Answer = Decision | { verdict: "edit" } | { verdict: "later" } | { verdict: "interrupted" };

/** A question that is open, and can be taken back. */
export interface Question {
  answer: Promise<Answer>;
  /** Takes the question from the screen, answered or not, and lets the keyboard go. */
  close(): void;
}

type Word = "approve" | "reject" | "edit" | "later";

/** Keys and words, in both languages and with the Korean keyboard left on (ㅁ is on the key of a). */
const WORDS_OF: Readonly<Record<Word, readonly string[]>> = Object.freeze({
  approve: ["a", "approve", "ㅁ", "승인"],
  reject: ["r", "reject", "ㄱ", "거절"],
  edit: ["e", "edit", "ㄷ", "수정"],
  later: ["l", "later", "ㅣ", "나중", "나중에"],
});
const VERDICTS: ReadonlyMap<string, Word> = new Map(
  (["approve", "reject", "edit", "later"] as const).flatMap((verdict) =>
    WORDS_OF[verdict].map((word) => [word, verdict] as const),
  ),
);

/** What a typed line decides; null: nothing. There is no default: an empty line decides nothing either. */
export function readVerdict(line: string): Word | null {
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
  const { ask, close } = await openLines(asked.decision(what), keyboard, show);
  const converse = async (): Promise<Answer> => {
    let typed = await ask(asked.decision(what));
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
  return { answer: converse(), close };
}

/**
 * Asks what is to become of an edit that could not be used.
 *
 * @param what as for the decision
 */
export async function askToEditAgain(
  what: string,
  keyboard: Keyboard,
  language: Language,
  show: (prompt: Prompt | null) => void,
): Promise<"edit" | "later" | "interrupted"> {
  const question = WORDS[language].asked.editAgain(what);
  const { ask, close } = await openLines(question, keyboard, show);
  try {
    for (;;) {
      const typed = await ask(question);
      if (typed.kind !== "line") return typed.kind === "ended" ? "later" : "interrupted";
      const verdict = readVerdict(typed.text);
      if (verdict === "edit" || verdict === "later") return verdict;
    }
  } finally {
    close();
  }
}

/** Lines that are asked for, below the question that is drawn with them. */
async function openLines(first: string, keyboard: Keyboard, show: (prompt: Prompt | null) => void) {
  let question = first;
  const draw = (before: string, after: string) =>
    show({ question, before: harmlessLine(before), after: harmlessLine(after) });
  const editor = await openLineEditor(keyboard, draw);
  return {
    ask(text: string) {
      question = text;
      draw("", "");
      return editor.next();
    },
    /** Takes the question from the screen, and lets the keyboard go. */
    close() {
      editor.close();
      show(null);
    },
  };
}
