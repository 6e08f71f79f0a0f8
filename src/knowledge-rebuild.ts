import { pino } from "pino";
import { loadDotEnv } from "../encoding/dot-env.ts";
import { rebuildKnowledgeIndex } from "./adapters/lancedb/rebuild.ts";
import { indexSettings } from "./compose-knowledge.ts";
import { ConfigError, loadConfig } from "./config.ts";

/** The configuration asks for one, and this command lets nobody in. */
const NO_SECRET = "unused ".repeat(8);

/**
 * `npm run aura -- knowledge rebuild`: makes the index of domain events anew with the configured embedder.
 * The service should be stopped meanwhile.
 */
async function main(): Promise<void> {
  loadDotEnv();
  const config = loadConfig({ ...process.env, JWT_SECRET: NO_SECRET });
  const { uri, embedder } = indexSettings(config, pino({ level: "silent" }));
  const json = process.argv.includes("--json");
  const rows = await rebuildKnowledgeIndex(uri, embedder, (done, of) => {
    if (!json) process.stderr.write(`${done} of ${of}\n`);
  });
  const done = { uri, embedder: embedder.name, rows };
  process.stdout.write(
    json ? `${JSON.stringify(done)}\n` : `${rows} events, embedded with ${embedder.name}\n`,
  );
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(1);
});
