/**
 * The graph's nodes by what they do: the one place that names them. Checkpoints hold these names, so after a
 * rename the threads of before could not go on.
 */
export const NODES = Object.freeze({
  /** Says what will be done. */
  plan: "plan",
  /** One turn of the model. */
  agent: "agent",
  /** One task for each tool call of a turn. */
  tools: "tools",
  /** Closes the plan. */
  finish: "finish",
} as const);
