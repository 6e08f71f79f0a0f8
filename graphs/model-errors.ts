/** How a model let us down: `timeout`: it did not answer in time; `endless`: it wrote too much; `failed`: everything else. */
export type ModelFailure = "failed" | "timeout" | "endless";

/** The model gave no usable answer. The message is for logs; `cause` holds the original error. */
export class ModelError extends Error {
  readonly kind: ModelFailure;

  constructor(kind: ModelFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ModelError";
    this.kind = kind;
  }
}

/** The model has written more than one run may hold. Nothing is wrong with what it wrote: asking again would not help. */
export class OutputLimitError extends ModelError {
  constructor(what: string) {
    super("endless", `the model wrote too much: ${what}`);
    this.name = "OutputLimitError";
  }
}

/** No byte arrived for too long. The name is what OpenAI's client and LangChain use for timeouts. */
export class ModelTimeoutError extends Error {
  constructor(ms: number) {
    super(`the model sent nothing for ${ms} ms`);
    this.name = "TimeoutError";
  }
}

/** Whether an error of a run, however wrapped, is the model's; null when it is not. */
export function modelFailure(error: unknown): ModelFailure | null {
  for (const each of causes(error)) if (each instanceof ModelError) return each.kind;
  return null;
}

/** Wraps what a model call threw. Its message repeats nothing: providers quote prompts and keys in theirs. */
export function toModelError(error: unknown): ModelError {
  const chain = causes(error);
  // The client wraps what the response's body throws.
  const ours = chain.find((each) => each instanceof ModelError);
  if (ours instanceof ModelError) return ours;
  const kind = chain.some(isTimeout) ? "timeout" : "failed";
  const status = error instanceof Error && "status" in error ? ` (status ${error.status})` : "";
  return new ModelError(kind, `the model call failed${status}`, error);
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let current = error;
  // A chain may be a ring.
  while (current !== undefined && current !== null && chain.length < 10) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "TimeoutError" || error.name === "APIConnectionTimeoutError") return true;
  // Request timeout, gateway timeout.
  return "status" in error && (error.status === 408 || error.status === 504);
}
