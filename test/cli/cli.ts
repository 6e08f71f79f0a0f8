import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommand } from "../../cli/run-command.ts";
import { signToken } from "../../devstack/jwt.ts";
import { JWT_SECRET, type Person, USER } from "../helpers/stack.ts";

const program = resolve("cli/aura.ts");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  /** The match in stdout or stderr, as soon as it is there; rejects when the process has ended without it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
}

/** A token of the stack's secret. */
export function tokenOf(person: Person = USER, seconds = 3600): Promise<string> {
  return signToken(JWT_SECRET, { ...person, email: "user@dwp.com", role: "user" }, seconds);
}

/** The command line as a process of its own, in a folder without .env, with no other settings than these. */
export function startCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input?: string | Uint8Array,
): RunningCli {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, LANG: "en_US.UTF-8", TZ: "UTC", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  const waiters = new Set<() => void>();
  const notify = () => {
    for (const wake of [...waiters]) wake();
  };
  let over = false;
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
      notify();
    });
  }
  child.stdin.end(input);
  const ended = once(child, "close").then(([code]) => {
    over = true;
    notify();
    return { code, ...output };
  });
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((found, reject) => {
      const look = () => {
        const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (match === null && !over) return;
        waiters.delete(look);
        if (match) found(match);
        else reject(new Error(`ended without ${pattern}:\n${output.stdout}\n${output.stderr}`));
      };
      waiters.add(look);
      look();
    });
  return { child, output, said, ended };
}

/** A command within this process, on streams that are no terminal: for what does not depend on being a process. */
export async function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | Uint8Array = "",
): Promise<Ended> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await runCommand(args, { stdin, stdout, stderr, env: { LANG: "en_US.UTF-8", ...env } });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, stdout: out, stderr: err };
}

/** Runs it to its end. */
export function aura(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string | Uint8Array,
): Promise<Ended> {
  return startCli(args, env, input).ended;
}
