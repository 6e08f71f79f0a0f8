/** Everything that this checkpointer itself refuses. What Redis refuses arrives as ioredis threw it. */
export class CheckpointerError extends Error {
  override name = "CheckpointerError";
}

/** An id that cannot be stored faithfully, or is missing. Nothing was written. */
export class InvalidIdError extends CheckpointerError {
  override name = "InvalidIdError";
}

/**
 * Redis holds something under the thread's key that this version does not read: damaged, foreign, or written
 * by a newer version. It was left as it is. The message names key and field, never values.
 */
export class StoredDataError extends CheckpointerError {
  override name = "StoredDataError";
  readonly key: string;

  constructor(key: string, problem: string, cause?: unknown) {
    super(`${key} ${problem}`, cause === undefined ? {} : { cause });
    this.key = key;
  }
}

/**
 * The channel already has another value under this version. Versions come from getNextVersion, which never
 * issues one twice; storing this one would change the state of every checkpoint that refers to it.
 */
export class VersionConflictError extends CheckpointerError {
  override name = "VersionConflictError";
}

/** The serializer cannot store this value faithfully. Nothing was written. */
export class UnserializableValueError extends CheckpointerError {
  override name = "UnserializableValueError";

  constructor(what: string, cause?: unknown) {
    const options = cause === undefined ? {} : { cause };
    super(`${what} holds a value that the serializer cannot store, such as a BigInt`, options);
  }
}
