/** A value that cannot be stored faithfully. The message says why, and never quotes the value. */
export class NotSerializableError extends Error {
  override name = "NotSerializableError";
}

/** What is stored was written in a format, or holds a kind of value, that this version does not know. */
export class UnknownFormatError extends Error {
  override name = "UnknownFormatError";
}
