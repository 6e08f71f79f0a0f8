export { RedisCheckpointer, type RedisCheckpointerOptions } from "./checkpointer.ts";
export {
  CheckpointerError,
  InvalidIdError,
  StoredDataError,
  UnserializableValueError,
  VersionConflictError,
} from "./errors.ts";
export type { Fence, FenceOf } from "./fence.ts";
