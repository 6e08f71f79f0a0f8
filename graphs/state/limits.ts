/** How much one run of the agent may do, whatever a model answers. */
export interface GraphLimits {
  /** How often the model is asked in one run. */
  maxTurns: number;
  /** Tool calls of one message that are carried out. */
  maxCalls: number;
  /** Characters that the model may write in one run: words, thoughts and tool calls together. */
  maxOutput: number;
}

export const DEFAULT_LIMITS: GraphLimits = Object.freeze({ maxTurns: 25, maxCalls: 32, maxOutput: 500_000 });

/** How much one answer of a model may still be. */
export interface AnswerLimits {
  maxCalls: number;
  /** Characters of everything that it consists of. */
  maxOutput: number;
}
