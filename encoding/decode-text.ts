const decoders = {
  utf8: new TextDecoder("utf-8", { fatal: true }),
  utf16le: new TextDecoder("utf-16le", { fatal: true }),
  utf16be: new TextDecoder("utf-16be", { fatal: true }),
};

/** What to say of bytes that `decodeText` does not read: "<file> is ...". */
export const NO_TEXT = "neither UTF-8 nor UTF-16 text";

/**
 * The one place where bytes of files and requests become text: UTF-8, with a byte order mark or without, or
 * UTF-16 with one, as Notepad, Excel and PowerShell write it. The mark is no part of the text. Null for
 * anything else - a code page, UTF-16 without a mark, a file that is no text: nothing is ever replaced,
 * because nobody would see that it was.
 */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = decoderOf(bytes).decode(bytes);
    // As UTF-8 it is what UTF-16 without a mark looks like, and no text of ours holds one.
    return text.includes("\0") ? null : text;
  } catch {
    // Fatal decoders throw a TypeError; the caller knows what to call these bytes.
    return null;
  }
}

function decoderOf([first, second]: Uint8Array) {
  if (first === 0xff && second === 0xfe) return decoders.utf16le;
  if (first === 0xfe && second === 0xff) return decoders.utf16be;
  return decoders.utf8;
}
