import type { TextStream } from "./terminal.ts";

/** What a command has of its process. */
export interface Io {
  stdout: TextStream;
  stderr: TextStream & NodeJS.WritableStream;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
}
