import { EVENT_ID_PATTERN, ID_PATTERN } from "@aura-platform/contract/ids.ts";
import { LANGUAGES } from "@aura-platform/contract/languages.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_URL } from "./connection.ts";
import { CALL } from "./how-to-decide.ts";
import type { CommonOptions, Session } from "./session.ts";

export type Open = (options: CommonOptions) => Session;

/** After the examples of what scripts decide with. */
const EXIT_CODES = `
Exit code: 0 that decision stands (made now, or before), or the edited approval waits; 4 another decision
stands, or the approval has ended; 5 there is no such approval; 1 refused or failed; 2 a wrong call; 3 nobody answers.
`;

/** A command with the options that all of them take, and its examples. */
export function add(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return program
    .command(name)
    .description(description)
    .option("--json", "for machines: one JSON document, or a JSON event a line")
    .option("--url <url>", `where /aura/... is appended to (AURA_URL, ${DEFAULT_URL})`)
    .option("--token <jwt>", "who asks (AURA_TOKEN)")
    .addOption(
      new Option("--lang <language>", "of the service's sentences; default: LANG").choices(LANGUAGES),
    )
    .addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${CALL} ${example}\n`).join("")}`);
}

export const withThread = (command: Command) => command.argument("<threadId>", undefined, idArgument);
export const withRequest = (command: Command) =>
  command.argument("<requestId>", `of: ${CALL} approvals`, idArgument).addHelpText("after", EXIT_CODES);
export const withRun = (command: Command) => command.argument("<runId>", undefined, idArgument);

export function withId(open: Open, action: (session: Session, id: string) => Promise<void>) {
  return (id: string, options: CommonOptions) => action(open(options), id);
}

export function limitOption(value: number): Option {
  return new Option("--limit <number>", "as many at most").default(value).argParser((text) => {
    if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError("1 or more.");
    return Number(text);
  });
}

/** Ids are checked here, because they become parts of a path. */
export function idArgument(text: string): string {
  if (!ID_PATTERN.test(text)) throw new InvalidArgumentError("1-128 of A-Z a-z 0-9 _ -");
  return text;
}

export function eventIdArgument(text: string): string {
  if (!EVENT_ID_PATTERN.test(text)) throw new InvalidArgumentError("<runId>:<seq>");
  return text;
}

export function speedArgument(text: string): number {
  const speed = Number(text);
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(text) || speed > 100 || (speed < 1 && speed !== 0)) {
    throw new InvalidArgumentError("0, or 1 to 100.");
  }
  return speed;
}
