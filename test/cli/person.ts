import { PassThrough } from "node:stream";
import { runCommand } from "../../cli/run-command.ts";
import { createTerminalModel } from "./terminal-model.ts";

/** A person at a terminal, for whom a command runs within this process. */
export interface Person {
  /** What stands on the screen, all of it. */
  screen(): string;
  cursor(): { row: string | undefined; back: number };
  /** Whether keys arrive one by one, and are not echoed. */
  raw(): boolean;
  /** Types, as keys arrive: `\r` is Enter, `\u0003` Ctrl-C, `\u0004` Ctrl-D. */
  type(keys: string): void;
  /** The match on the screen, as soon as it is there; rejects when the command has ended without it. */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code. */
  ended: Promise<number>;
}

export function atTerminal(args: readonly string[], env: NodeJS.ProcessEnv, typedBefore = ""): Person {
  const model = createTerminalModel(100, 50);
  const looks = new Set<() => void>();
  const look = () => {
    for (const each of [...looks]) each();
  };
  const screen = () =>
    Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 100,
      rows: 50,
      write(text: string) {
        model.write(text);
        look();
        return true;
      },
    });
  let raw = false;
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      raw = on;
    },
  });
  if (typedBefore !== "") stdin.write(typedBefore);
  let over = false;
  const io = {
    stdin,
    stdout: screen(),
    stderr: screen(),
    env: { LANG: "en_US.UTF-8", NO_COLOR: "1", ...env },
  };
  const ended = runCommand(args, io).finally(() => {
    over = true;
    look();
  });
  return {
    screen: model.text,
    cursor: model.cursor,
    raw: () => raw,
    type: (keys) => void stdin.write(keys),
    ended,
    sees: (pattern) =>
      new Promise((found, reject) => {
        const tryIt = () => {
          const match = pattern.exec(model.text());
          if (match === null && !over) return;
          looks.delete(tryIt);
          if (match) found(match);
          else reject(new Error(`ended without ${pattern}:\n${model.text()}`));
        };
        looks.add(tryIt);
        tryIt();
      }),
  };
}
