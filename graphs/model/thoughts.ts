/** Characters. A thought is shown as one entry, so entries of one token each would be noise. */
const LONG_ENOUGH = 400;

/** Gathers streamed reasoning into paragraphs. */
export function thoughtBuffer(emit: (text: string) => void) {
  let text = "";
  const flush = () => {
    const thought = text.trim();
    text = "";
    if (thought !== "") emit(thought);
  };
  return {
    add(delta: string): void {
      text += delta;
      if (delta.includes("\n\n") || text.length >= LONG_ENOUGH) flush();
    },
    flush,
  };
}
