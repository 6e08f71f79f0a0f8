/**
 * How a model has failed. `timeout`: it did not answer in time. `endless`: it wrote too much. `cut`: its
 * answer broke off. `address`: there is no model at the configured address. `credentials`: the server does
 * not take our key. `context`: the prompt is longer than the model reads, whatever is left out. `failed`:
 * everything else.
 */
type ModelFailure = "failed" | "timeout" | "endless" | "cut" | "address" | "credentials" | "context";

/** The model gave no usable answer. The message is for logs; `cause` holds the original error. */
export class ModelError extends Error {
  readonly kind: ModelFailure;

  constructor(kind: ModelFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ModelError";
    this.kind = kind;
  }
}

/**
 * The model has written more than one run may hold. Nothing is wrong with what it wrote, so asking again
 * would not help.
 */
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

/**
 * The server has answered, but not with an answer of its model. Its words are for the code that mends the
 * request. They are in no enumerable field, because providers quote prompts and keys, and a log prints what
 * it finds in an error.
 */
export class ServerRefusal extends Error {
  readonly status: number;
  readonly #said: string;

  constructor(status: number, said: string) {
    super(`the model server answered ${status}`);
    this.name = "ServerRefusal";
    this.status = status;
    this.#said = said;
  }

  /** The body of its answer, cut. */
  said(): string {
    return this.#said;
  }

  /** Whether the server found the request wrong, so that a different one may be taken. */
  get isAboutRequest(): boolean {
    return this.status === 400 || this.status === 413 || this.status === 422;
  }
}

/** How the model has failed when an error of a run, however wrapped, is the model's; null when it is not. */
export function modelFailure(error: unknown): ModelFailure | null {
  for (const each of causes(error)) if (each instanceof ModelError) return each.kind;
  return null;
}

/** The server's refusal behind an error, however wrapped. */
export function refusalOf(error: unknown): ServerRefusal | null {
  const found = causes(error).find((each) => each instanceof ServerRefusal);
  return found instanceof ServerRefusal ? found : null;
}

/**
 * Wraps what a model call threw. The message repeats nothing of it: providers quote prompts and keys in
 * theirs.
 */
export function toModelError(error: unknown): ModelError {
  const chain = causes(error);
  // OpenAI's client wraps what the response's body throws.
  const ours = chain.find((each) => each instanceof ModelError);
  if (ours instanceof ModelError) return ours;
  if (chain.some(isTimeout)) return new ModelError("timeout", "the model did not answer in time", error);
  const refusal = refusalOf(error);
  if (refusal !== null) return ofRefusal(refusal, error);
  const codes = chain.map(codeOf).filter((each) => each !== undefined);
  const missed = codes.find((code) => UNREACHABLE.has(code));
  if (missed !== undefined) {
    return new ModelError("address", `the model server cannot be reached: ${missed}`, error);
  }
  const lost = codes.find((code) => CONNECTION_LOST.has(code));
  if (lost !== undefined)
    return new ModelError("cut", `the model server dropped the connection: ${lost}`, error);
  return new ModelError("failed", "the model call failed", error);
}

function ofRefusal({ status, message }: ServerRefusal, cause: unknown): ModelError {
  if (status === 408 || status === 504) return new ModelError("timeout", message, cause);
  if (status === 401 || status === 403)
    return new ModelError("credentials", `${message}: check the key`, cause);
  if (status === 404 || status === 405 || status === 200) {
    const what = status === 200 ? `${message} with something else than a model's answer` : message;
    return new ModelError("address", `${what}: check the base URL and the model's name`, cause);
  }
  return new ModelError("failed", `the model call failed (status ${status})`, cause);
}

/** Error codes of connections that were not made. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Error codes of connections that were made and then lost: a server or proxy that restarts. */
export const CONNECTION_LOST: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** An error and its causes, the outermost first. */
export function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let current = error;
  // Bounded, because causes may form a ring.
  while (current !== undefined && current !== null && chain.length < 10) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}

/** Node's code of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === "TimeoutError" || error.name === "APIConnectionTimeoutError")
  );
}
