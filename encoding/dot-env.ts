import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { decodeText, NO_TEXT } from "./decode-text.ts";

const FILE = ".env";

/** .env is there and cannot be used; `message` is the whole story, in one line. */
export class DotEnvError extends Error {}

/**
 * Reads .env of the current directory into the environment, if there is one; what the environment already has
 * wins, even when empty. (process.loadEnvFile reads UTF-8 only, and takes a byte order mark for a part of the
 * first name.)
 *
 * @throws DotEnvError when the file cannot be read or is no text
 */
export function loadDotEnv(env: NodeJS.ProcessEnv = process.env): void {
  if (!existsSync(FILE)) return;
  const text = decodeText(readBytes());
  if (text === null) throw new DotEnvError(`${FILE} is ${NO_TEXT}`);
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
}

function readBytes(): Uint8Array {
  try {
    return readFileSync(FILE);
  } catch (cause) {
    throw new DotEnvError(
      `${FILE} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}
