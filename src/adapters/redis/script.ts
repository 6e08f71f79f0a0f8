import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A Lua script: runs in Redis as one atomic step. */
export interface Script {
  readonly source: string;
  /** How Redis names it in EVALSHA. */
  readonly sha: string;
}

/** Reads scripts/<name>.lua, whose header says what its KEYS, ARGV and replies are. */
export function loadScript(name: string): Script {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8");
  return Object.freeze({ source, sha: createHash("sha1").update(source).digest("hex") });
}
