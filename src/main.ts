import { pino } from "pino";
import { loadDotEnv } from "../encoding/dot-env.ts";
import { ConfigError, loadConfig } from "./config.ts";
import type { AuraService } from "./start.ts";

// LangChain reads this when it loads: with background callbacks, events of concurrent runs get lost.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND ??= "false";

/**
 * After this time on SIGTERM, or on a fault that nobody caught, the process gives up on closing in order, in
 * ms.
 */
const CLOSE_DEADLINE_MS = 20_000;

async function main(): Promise<void> {
  loadDotEnv();
  const config = loadConfig(process.env);
  const logger = pino({ level: config.logLevel });
  const [{ startAura }, { installLastResort }] = await Promise.all([
    import("./start.ts"),
    import("./last-resort.ts"),
  ]);
  let service: AuraService | undefined;
  installLastResort({
    logger,
    close: async (crash) => service?.close(crash),
    deadlineMs: CLOSE_DEADLINE_MS,
  });
  service = await startAura(config, { logger });
  const { close } = service;

  const stop = (signal: string) => {
    logger.info({ signal }, "closing");
    setTimeout(() => process.exit(1), CLOSE_DEADLINE_MS).unref();
    close().catch((err: unknown) => {
      logger.error({ err }, "closing failed");
      process.exit(1);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(1);
});
