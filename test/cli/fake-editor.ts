import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** What an editor was given. */
export interface Opened {
  file: string;
  text: string;
  /** Octal, of the file and of its folder. */
  modes: [string, string];
}

export interface FakeEditor {
  /** For EDITOR or VISUAL. */
  command: string;
  /** Every time it was opened, in order. */
  opened(): Opened[];
}

/**
 * A program that edits as a person would, each time it is opened by the next script (the last one for every
 * time after). A script is JavaScript: `text` is what the file holds, and holds afterwards.
 */
export function fakeEditor(...scripts: readonly string[]): FakeEditor {
  const folder = mkdtempSync(join(tmpdir(), "editor of a test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, "log");
  const program = join(folder, "editor.mjs");
  writeFileSync(log, "");
  writeFileSync(
    program,
    `import * as fs from "node:fs";
import { dirname } from "node:path";
const file = process.argv.at(-1);
const mode = (path) => (fs.statSync(path).mode & 0o777).toString(8);
let text = fs.readFileSync(file, "utf8");
const at = fs.readFileSync(${JSON.stringify(log)}, "utf8").split("\\n").length - 1;
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ file, text, modes: [mode(file), mode(dirname(file))] }) + "\\n");
const scripts = [${scripts.map((script) => `async () => { ${script} }`).join(", ")}];
await scripts[Math.min(at, scripts.length - 1)]();
if (fs.existsSync(file)) fs.writeFileSync(file, text);
`,
  );
  return {
    command: `'${process.execPath}' '${program}'`,
    opened: () =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}

/** A script that changes one argument. */
export function setting(name: string, value: unknown): string {
  return `const args = JSON.parse(text); args[${JSON.stringify(name)}] = ${JSON.stringify(value)}; text = JSON.stringify(args, null, 2);`;
}
