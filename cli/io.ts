import type { Keyboard } from "./line-editor.ts";
import type { TextStream } from "./terminal.ts";

/** What a command has of its process. */
export interface Io {
  stdout: TextStream;
  stderr: TextStream & NodeJS.WritableStream;
  stdin: Keyboard;
  env: NodeJS.ProcessEnv;
}
