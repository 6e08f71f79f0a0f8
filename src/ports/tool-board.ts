/** Where the processes that work on runs say which tools there are, for those that only serve the API. */
export interface ToolBoard {
  /** Puts a list up, for `ttlMs`; the last one that was put up stands. */
  put(list: string, ttlMs: number): Promise<void>;
  /** The list that stands; null when there is none, or none any more. */
  get(): Promise<string | null>;
}
