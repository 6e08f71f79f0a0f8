/**
 * Texts in HTTP headers. A header is bytes, and Node and fetch show each of them as one character (Latin-1):
 * a Korean name arrives as characters that nobody has written, and cannot be sent as it is.
 */

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a header's value says: its bytes as UTF-8 or, where they are none, as they are (Latin-1). */
export function readHeaderValue(value: string): string {
  const bytes = Buffer.from(value, "latin1");
  // Characters that are no bytes: it has been read already.
  if (bytes.toString("latin1") !== value) return value;
  try {
    return UTF8.decode(bytes);
  } catch {
    // A client that writes Latin-1, as Java's does.
    return value;
  }
}

/**
 * The text as a header's value: its UTF-8 bytes; percent-encoded where it holds control characters, which no
 * header may.
 */
export function writeHeaderValue(text: string): string {
  const sent = text.toWellFormed();
  return /\p{Cc}/u.test(sent) ? encodeURIComponent(sent) : Buffer.from(sent, "utf8").toString("latin1");
}
