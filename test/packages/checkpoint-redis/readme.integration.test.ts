import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startRedis } from "../../helpers/redis.ts";

const root = resolve(import.meta.dirname, "../../..");

test("the README's example runs as it stands there", async () => {
  const readme = readFileSync(join(root, "packages/checkpoint-redis/README.md"), "utf8");
  const [, example = ""] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "aura-readme-"));
  const server = await startRedis();
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "example.mts"), example);
    const env = { ...process.env, REDIS_URL: `redis://127.0.0.1:${server.port}` };
    const run = () => promisify(execFile)(process.execPath, [join(folder, "example.mts")], { env });
    expect((await run()).stdout).toBe("1 so far\n");
    expect((await run()).stdout).toBe("3 so far\n");
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
