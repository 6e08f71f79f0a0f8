import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { execPath, env as machine } from "node:process";

const program = resolve("cli/aura.ts");

/** util-linux's `script` gives a child a terminal of the kernel's; other systems' take other options. */
export const hasPty = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
})();

export interface AtPty {
  /** All that the terminal was sent, control sequences included. */
  output(): string;
  type(keys: string): void;
  /** The match in the output, as soon as it is there; rejects when the program has ended without it. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code. */
  ended: Promise<number>;
}

/**
 * `aura ...` as a process whose stdin, stdout and stderr are a terminal of 100 by 50.
 *
 * @param line a shell line around it; `aura` in it is the command with its arguments quoted
 */
export function auraAtPty(args: readonly string[], env: NodeJS.ProcessEnv, line = "aura"): AtPty {
  const quoted = [execPath, program, ...args].map((each) => `'${each}'`).join(" ");
  const child = spawn(
    "script",
    ["-qefc", `stty cols 100 rows 50; ${line.replace("aura", quoted)}`, "/dev/null"],
    {
      cwd: tmpdir(),
      env: {
        PATH: machine.PATH,
        LANG: "en_US.UTF-8",
        NO_COLOR: "1",
        TERM: "xterm",
        SHELL: "/bin/sh",
        ...env,
      },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  let output = "";
  let over = false;
  const looks = new Set<() => void>();
  const look = () => {
    for (const each of [...looks]) each();
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    look();
  });
  const ended = once(child, "close").then(([code]) => {
    over = true;
    look();
    return code as number;
  });
  return {
    output: () => output,
    type: (keys) => void child.stdin.write(keys),
    ended,
    says: (pattern) =>
      new Promise((found, reject) => {
        const tryIt = () => {
          const match = pattern.exec(output);
          if (match === null && !over) return;
          looks.delete(tryIt);
          if (match) found(match);
          else reject(new Error(`ended without ${pattern}:\n${output}`));
        };
        looks.add(tryIt);
        tryIt();
      }),
  };
}
