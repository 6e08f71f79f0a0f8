/** What ends a command: `message` is one clear line for a person, `exitCode` what a script looks at. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}

/** The command was called in a way that cannot work: exit code 2. */
export class UsageFailure extends CommandFailure {
  constructor(message: string, cause?: unknown) {
    super(message, 2, cause);
    this.name = "UsageFailure";
  }
}

/** Nobody answers at the address, or the connection broke and did not come back: exit code 3. */
export class ConnectionFailure extends CommandFailure {
  constructor(message: string, cause?: unknown) {
    super(message, 3, cause);
    this.name = "ConnectionFailure";
  }
}

/** The service has answered with an error of the contract: exit code 1. */
export class ServiceFailure extends CommandFailure {
  /** The HTTP status. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message, 1);
    this.name = "ServiceFailure";
    this.status = status;
  }
}

/** The sentence of whatever was thrown; with Node's code when its own sentence says nothing ("fetch failed"). */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
