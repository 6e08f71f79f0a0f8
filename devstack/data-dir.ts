import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a person must put right before the dev stack can start; `message` is the whole story, in one line. */
export class SetupError extends Error {}

const MIN_SECRET_BYTES = 32;

/** Creates AURA_DATA_DIR and checks that files can be written there. */
export function prepareDataDir(dir: string): void {
  const probe = join(dir, `.probe-${process.pid}`);
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (cause) {
    throw new SetupError(`AURA_DATA_DIR ${dir} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/**
 * JWT_SECRET, or else the secret of the data directory, made there on first use (mode 0600). The demo and the
 * token command agree on it whichever comes first.
 */
export function loadJwtSecret(given: string | undefined, dir: string): string {
  const secret = given?.trim() ? given : storedSecret(dir);
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    const name = given?.trim() ? "JWT_SECRET" : join(dir, "jwt-secret");
    throw new SetupError(`${name} must be at least ${MIN_SECRET_BYTES} bytes (256 bits) of UTF-8`);
  }
  return secret;
}

function storedSecret(dir: string): string {
  prepareDataDir(dir);
  const file = join(dir, "jwt-secret");
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
    // A link never replaces: of two processes that start at once both read the same, complete secret.
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new SetupError(`${file} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Claims the data directory for this process: two private Redis servers on one append-only file would ruin
 * it. The returned function gives it back.
 */
export function lockDataDir(dir: string): () => void {
  const file = join(dir, "demo.pid");
  const owner = readPid(file);
  if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
    throw new SetupError(
      `AURA_DATA_DIR ${dir} is in use by process ${owner}: stop that demo, or set AURA_DATA_DIR to another directory (if ${owner} is no demo, delete ${file})`,
    );
  }
  writeFileSync(file, `${process.pid}\n`);
  return () => rmSync(file, { force: true });
}

/** True when `error` is a system error with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Someone else's process is alive too.
    return hasCode(error, "EPERM");
  }
}
