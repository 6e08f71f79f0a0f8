import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pino } from "pino";
import { expect, test } from "vitest";
import { openKnowledgeIndex } from "../../src/adapters/lancedb/open.ts";
import { createHashingEmbedder } from "../../src/knowledge/embedder.ts";
import { anEvent } from "../helpers/knowledge.ts";

const AURA = fileURLToPath(new URL("../../cli/aura.ts", import.meta.url));

test("`aura knowledge rebuild` needs the index and its embedder, and no secret: it lets nobody in", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aura-rebuild-"));
  const settings = { uri: join(folder, "knowledge"), embedder: createHashingEmbedder() };
  const index = await openKnowledgeIndex(settings, pino({ level: "silent" }));
  await index.upsert([anEvent({ eventId: "kept" })]);
  await index.close();

  const { JWT_SECRET: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [AURA, "knowledge", "rebuild", "--json"], {
    cwd: folder,
    env: { ...env, AURA_DATA_DIR: folder },
  });
  expect(JSON.parse(stdout)).toEqual({ uri: settings.uri, embedder: "hashing-v2", rows: 1 });

  const rebuilt = await openKnowledgeIndex(settings, pino({ level: "silent" }));
  const found = await rebuilt.recent({ tenantId: "tenant1", userId: "user123" }, { limit: 5 });
  expect(found.map(({ eventId }) => eventId)).toEqual(["kept"]);
  await rebuilt.close();
  rmSync(folder, { recursive: true });
});
