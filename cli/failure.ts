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
