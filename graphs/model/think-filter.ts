/** Tags that models put around their reasoning in the text, where their server does not take it out. */
const OPENING = ["<think>", "<thinking>", "<thought>", "<reasoning>"] as const;

const LONGEST = Math.max(...OPENING.map((tag) => tag.length)) + 1;

/**
 * Splits streamed text into reasoning and answer. Reasoning stands in one or more blocks at the beginning of
 * an answer; a tag behind the first word is part of the text. A tag may be cut anywhere by the pieces. White
 * space around the blocks is dropped.
 */
export function thinkFilter(listener: { onText(text: string): void; onThought(text: string): void }) {
  /** Read but not passed on: it may still become a tag. */
  let held = "";
  let closing: string | null = null;
  let isOver = false;
  /** Whether a block was taken out: then white space before the first word belonged to the block. */
  let hasThought = false;

  const readThought = (end: string): boolean => {
    const at = held.toLowerCase().indexOf(end);
    // The end of what is here may be the beginning of the tag.
    const until = at < 0 ? Math.max(0, held.length - end.length + 1) : at;
    if (until > 0) listener.onThought(held.slice(0, until));
    held = at < 0 ? held.slice(until) : held.slice(at + end.length);
    if (at >= 0) closing = null;
    return at >= 0;
  };

  const readBeginning = (): boolean => {
    const start = held.trimStart();
    const lower = start.slice(0, LONGEST).toLowerCase();
    const tag = OPENING.find((each) => lower.startsWith(each));
    if (tag !== undefined) {
      closing = tag.replace("<", "</");
      hasThought = true;
      held = start.slice(tag.length);
      return true;
    }
    if (start === "" || OPENING.some((each) => each.startsWith(lower))) return false;
    isOver = true;
    listener.onText(hasThought ? start : held);
    held = "";
    return false;
  };

  return {
    add(text: string): void {
      if (isOver) {
        listener.onText(text);
        return;
      }
      held += text;
      while (!isOver && held !== "") {
        if (!(closing === null ? readBeginning() : readThought(closing))) return;
      }
    },
    /**
     * Passes on what is still held: reasoning that was not closed, or a beginning that did not become a tag.
     */
    end(): void {
      if (closing !== null) listener.onThought(held);
      else if (!isOver && held.trim() !== "") listener.onText(hasThought ? held.trimStart() : held);
      held = "";
    },
  };
}
