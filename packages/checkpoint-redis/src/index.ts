/**
 * What a program that keeps its LangGraph threads in Redis needs: the saver, what it throws, the serializer
 * that it stores values with, and a copy of what another saver has.
 */
export { RedisCheckpointer, type RedisCheckpointerOptions } from "./checkpointer.ts";
export { copyThread } from "./copy-thread.ts";
export {
  CheckpointerError,
  InvalidIdError,
  StoredDataError,
  UnserializableValueError,
  VersionConflictError,
} from "./errors.ts";
export type { Fence, FenceOf } from "./fence.ts";
export { NotSerializableError, UnknownFormatError } from "./serializer/errors.ts";
export { CheckpointSerializer, InMemorySerializer } from "./serializer/serializer.ts";
