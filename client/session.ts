import { type AuraApi, createApi } from "./api.ts";
import { type Connection, type ConnectionOptions, readConnection } from "./connection.ts";
import type { Io } from "./io.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { harmlessJson } from "./text.ts";

/** Options that every command takes. */
export interface CommonOptions extends ConnectionOptions {
  json?: boolean | undefined;
}

/** What a command works with. */
export interface Session {
  io: Io;
  api: AuraApi;
  connection: Connection;
  /** stdout. */
  out: Terminal;
  /** Words about the work, that are not its result: stderr. */
  notice(text: string): void;
  json: boolean;
  /** Prints the answer: as one JSON document with --json, else as the text. */
  print(value: unknown, text: () => string): void;
}

/** Throws UsageFailure when there is no token, or none that can work. */
export function openSession(io: Io, options: CommonOptions): Session {
  const connection = readConnection(options, io.env);
  const out = createTerminal(io.stdout, io.env);
  const json = options.json === true;
  const notice = (text: string) => void io.stderr.write(`${text}\n`);
  return {
    io,
    api: createApi(connection, () => notice("the connection broke; coming back ...")),
    connection,
    out,
    notice,
    json,
    print: (value, text) => out.write(json ? `${harmlessJson(value, 2)}\n` : ensureLine(text())),
  };
}

function ensureLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
