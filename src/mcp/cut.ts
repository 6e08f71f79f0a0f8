/**
 * The beginning of a text, at most `most` UTF-16 units of it, never half of a character; well-formed whatever
 * came in.
 */
export function cut(text: string, most: number): string {
  const last = text.charCodeAt(most - 1);
  const isFirstHalf = text.length > most && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isFirstHalf ? most - 1 : most).toWellFormed();
}
