const BEYOND_ASCII = /[\u0080-\uffff]/g;

/**
 * JSON in ASCII alone: every other character is `\uXXXX`, one beyond the basic plane its two surrogates. It
 * means the same to every reader of JSON, and whoever cuts its bytes into pieces and decodes each by itself
 * damages nothing.
 */
export function asciiJson(value: object | string): string {
  return JSON.stringify(value).replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How many bytes `asciiJson` makes of it. */
export function asciiJsonBytes(value: object | string): number {
  const json = JSON.stringify(value);
  let bytes = json.length;
  for (let at = 0; at < json.length; at += 1) if (json.charCodeAt(at) > 0x7f) bytes += 5;
  return bytes;
}
