import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "@aura-platform/client/failures.ts";
import { CommandFailure } from "./failure.ts";
import { holdInterrupt } from "./interrupt.ts";
import { readDocument } from "./read-document.ts";

/** Where neither VISUAL nor EDITOR is set, as POSIX has it. */
const FALLBACK = "vi";

/** The exit code by which a shell says that there is no such command. */
const NOT_FOUND = 127;

/** What a person's editor has left. */
export interface Editing {
  /** What stands in the file; null when it cannot be read. */
  text: string | null;
  /** Why the text is not to be used: the editor has not ended as it does when all is well. */
  failure: EditorFailure | null;
}

export type EditorFailure =
  | { kind: "missing"; editor: string }
  /** `how`: an exit code, or a signal's name. */
  | { kind: "ended"; editor: string; how: string }
  | { kind: "unreadable"; problem: string };

/**
 * Opens a text in the person's editor (VISUAL, EDITOR, else vi; with its options, as a shell reads them), and
 * waits until it ends. The terminal is the editor's meanwhile, Ctrl-C included. The file is the person's
 * alone, and gone afterwards.
 *
 * @param name of the file, which tells the editor of what kind it is
 * @throws CommandFailure when no file can be written for it
 */
export async function openEditor(text: string, name: string, env: NodeJS.ProcessEnv): Promise<Editing> {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim() || FALLBACK;
  const folder = await mkdtemp(join(tmpdir(), "aura-edit-")).catch(cannotWrite);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const keepSignals = onEnd(remove);
  try {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600, flag: "wx" }).catch(cannotWrite);
    const failure = await holdInterrupt(() => run(editor, file, env));
    return await leftIn(file, failure);
  } finally {
    keepSignals();
    remove();
  }
}

function cannotWrite(error: unknown): never {
  throw new CommandFailure(`a file to edit cannot be written in ${tmpdir()}: ${reasonOf(error)}`, 1, error);
}

async function run(editor: string, file: string, env: NodeJS.ProcessEnv): Promise<EditorFailure | null> {
  // A name is looked for first: the shell's own complaint would stand beside ours.
  const name = /^[\w./~+-]+(?=\s|$)/.exec(editor)?.[0];
  const look = name === undefined ? "" : `command -v ${name} >/dev/null 2>&1 || exit ${NOT_FOUND}; `;
  const child = spawn("/bin/sh", ["-c", `${look}${editor} "$@"`, editor, file], { stdio: "inherit", env });
  try {
    const [code, signal]: unknown[] = await once(child, "close");
    if (code === 0) return null;
    return code === NOT_FOUND
      ? { kind: "missing", editor }
      : { kind: "ended", editor, how: `${signal ?? code}` };
  } catch (error) {
    return { kind: "ended", editor, how: reasonOf(error) };
  }
}

async function leftIn(file: string, failure: EditorFailure | null): Promise<Editing> {
  try {
    return { text: await readDocument(file), failure };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { text: null, failure: failure ?? { kind: "unreadable", problem: error.message } };
  }
}

/**
 * Does the work as well when this process is told to end meanwhile (its terminal is closed). Returns the way
 * back.
 */
function onEnd(work: () => void): () => void {
  const listeners = (["SIGHUP", "SIGTERM"] as const).map((signal) => {
    const end = () => {
      work();
      process.kill(process.pid, signal);
    };
    process.once(signal, end);
    return () => void process.off(signal, end);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
