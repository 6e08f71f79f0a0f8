import { cutWithDots } from "../../tools/cut.ts";

/** A text that every database and every reader of JSON takes: well-formed, and without NUL. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** The same, at most `length` UTF-16 units long: as many characters or fewer. */
export function cutText(text: string, length: number): string {
  return cutWithDots(plainText(text), length);
}
