import { type AuraApi, createApi } from "@aura-platform/client/api.ts";
import type { Connection } from "@aura-platform/client/connection.ts";
import { type ConnectionOptions, readConnection } from "./connection.ts";
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
  /**
   * While a screen is drawn on, notices have to be drawn with the rest of it, or they tear it; null: stderr
   * again.
   */
  noticeOnScreen(draw: ((text: string) => void) | null): void;
  /**
   * Whether a person is there who can be asked for a decision: at a keyboard, before a screen that can be
   * written over.
   */
  canAsk: boolean;
  json: boolean;
  /** Prints the answer: as one JSON document with --json, else as the text. */
  print(value: unknown, text: () => string): void;
}

/** Throws UsageFailure when there is no token, or none that can work. */
export function openSession(io: Io, options: CommonOptions): Session {
  const connection = readConnection(options, io.env);
  const out = createTerminal(io.stdout, io.env);
  const json = options.json === true;
  let screen: ((text: string) => void) | null = null;
  const notice = (text: string) => {
    if (screen === null) io.stderr.write(`${text}\n`);
    else screen(text);
  };
  return {
    io,
    api: createApi(connection, () => notice("the connection broke; coming back ...")),
    connection,
    out,
    notice,
    noticeOnScreen(draw) {
      // In a file, stderr disturbs nobody.
      screen = io.stderr.isTTY === true ? draw : null;
    },
    canAsk: !json && out.live && io.stdin.isTTY === true,
    json,
    print: (value, text) => out.write(json ? `${harmlessJson(value, 2)}\n` : ensureLine(text())),
  };
}

function ensureLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
