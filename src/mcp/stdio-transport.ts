import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { getDefaultEnvironment } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { parseJson, readMessages } from "./messages.ts";
import { ServerUnavailableError } from "./reason.ts";
import type { McpServer } from "./settings.ts";
import { waitAtMost } from "./wait-at-most.ts";

/** Largest message, in characters. */
const MAX_MESSAGE = 10 * 1024 * 1024;

/** A program gets this long to end when its input has, and again after SIGTERM, in ms; then it is killed. */
const END_MS = 2_000;

/**
 * A server that is a program, over its stdin and stdout. Not the SDK's: that one drops a message that it does
 * not understand, and its request waits until its time is over; takes a line of log for an error; and ends
 * `npx`, but not what that has started.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #reach: Extract<McpServer["reach"], { kind: "stdio" }>;
  #child: ChildProcess | null = null;
  #closed: Promise<unknown> = Promise.resolve();
  #ending = "the connection was closed";

  constructor(reach: Extract<McpServer["reach"], { kind: "stdio" }>) {
    this.#reach = reach;
  }

  /** Why the connection has ended, in a few words. */
  get ending(): string {
    return this.#ending;
  }

  /** @throws the error of a program that cannot be started */
  async start(): Promise<void> {
    const { command, args, env, cwd } = this.#reach;
    const child: ChildProcess = spawn(command, [...args], {
      // PATH, HOME and the like from us, and none of our secrets.
      env: { ...getDefaultEnvironment(), ...env },
      stdio: ["pipe", "pipe", "inherit"],
      // A group of its own, so that what it starts ends with it.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    const started = once(child, "spawn");
    if (child.pid === undefined) return void (await started);
    this.#child = child;
    this.#closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.once("exit", (code, signal) => {
      this.#ending =
        code === null ? `the program was ended by ${signal}` : `the program ended with code ${code}`;
    });
    child.once("close", () => {
      this.#child = null;
      this.onclose?.();
    });
    child.on("error", (error) => this.onerror?.(error));
    child.stdin?.on("error", (error) => this.onerror?.(error));
    child.stdout?.setEncoding("utf8");
    const read = lineReader((line) => this.#take(line));
    child.stdout?.on("data", (piece: string) => {
      if (read(piece)) return;
      this.#ending = "its answer is too large";
      void this.close();
    });
    await started;
  }

  /** @throws ServerUnavailableError when the program has ended; when it reads no more, the pipe's error */
  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (!stdin) throw new ServerUnavailableError(this.#ending);
    try {
      await new Promise<void>((resolve, reject) => {
        stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      // Its pipe breaks before its end is known; and how it ended says more than that the pipe broke.
      await waitAtMost(END_MS, this.#closed);
      throw error;
    }
  }

  /** Ends the program and what it has started; by force if it must be. Resolves when it is over. */
  async close(): Promise<void> {
    this.#child?.stdin?.end();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await waitAtMost(END_MS, this.#closed);
      this.#kill(signal);
    }
    await waitAtMost(END_MS, this.#closed);
  }

  #take(line: string): void {
    // What is no message is a program's log: many write one there.
    for (const message of readMessages(parseJson(line))) this.onmessage?.(message);
  }

  #kill(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // The whole group is gone already.
      this.onerror?.(new Error("a signal reached nobody", { cause: error }));
    }
  }
}

/** Hands out whole lines; false from a line on that is longer than may be. Each piece is searched once. */
function lineReader(take: (line: string) => void): (piece: string) => boolean {
  let line = "";
  return (piece) => {
    const [first = "", ...rest] = piece.split("\n");
    line += first;
    for (const next of rest) {
      take(line);
      line = next;
    }
    return line.length <= MAX_MESSAGE;
  };
}
