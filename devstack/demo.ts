import { pino } from "pino";
import { DotEnvError, loadDotEnv } from "../encoding/dot-env.ts";
import { ConfigError, loadConfig } from "../src/config.ts";
import { loadJwtSecret, lockDataDir, prepareDataDir, SetupError } from "./data-dir.ts";
import { readPlatformUri, readPorts, withoutBlanks } from "./environment.ts";
import { refuseTakenPorts } from "./ports.ts";
import type { Stack } from "./stack.ts";

// LangChain reads this when it loads: with background callbacks, events of concurrent runs get lost.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND ??= "false";

/** A signal this soon after the first is the same Ctrl-C: the terminal and npm both deliver it. Ms. */
const SAME_CTRL_C_MS = 300;
/** When closing in order takes longer than this, the process ends all the same. Ms. */
const CLOSE_DEADLINE_MS = 20_000;

/**
 * `npm run demo`: the whole system in one process tree. stdout gets one line when everything answers, logs go
 * to stderr. SIGINT, SIGTERM and SIGHUP stop everything; a second one does not wait.
 */
async function main(): Promise<void> {
  survivePipeErrors();
  const stop = stopOnSignals();
  const env = readEnvironment();
  const dataDir = env.AURA_DATA_DIR ?? ".aura";
  const ports = readPorts(env);
  readPlatformUri(env);
  prepareDataDir(dataDir);
  const jwtSecret = loadJwtSecret(env.JWT_SECRET, dataDir);
  // A first look at the settings, before anything is started; the final ones need the services' addresses.
  const { host, logLevel } = loadConfig({ ...env, JWT_SECRET: jwtSecret });
  await refuseTakenPorts(ports, host);
  process.once("exit", lockDataDir(dataDir));

  const logger = pino({ level: logLevel }, process.stderr);
  // Loaded only now: what a person can put right is said at once.
  const [{ startAura }, { startStack }, { installLastResort }] = await Promise.all([
    import("../src/start.ts"),
    import("./stack.ts"),
    import("../src/last-resort.ts"),
  ]);
  let stack: Stack | undefined;
  installLastResort({
    logger,
    close: async (crash) => stack?.close(crash),
    deadlineMs: CLOSE_DEADLINE_MS,
  });
  try {
    stack = await startStack({ env, ports, dataDir, jwtSecret, logger, startAura, signal: stop });
  } catch (error) {
    if (stop.aborted) return;
    throw error;
  }
  if (!stop.aborted) process.stdout.write(`ready ${stack.url}\n`);
  await aborted(stop);
  await stack.close();
  logger.info("stopped");
}

function readEnvironment(): NodeJS.ProcessEnv {
  loadDotEnv();
  return withoutBlanks(process.env);
}

/** Whoever read our output may be gone; that ends neither the demo nor its orderly close. */
function survivePipeErrors(): void {
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const onSignal = () => {
    if (!controller.signal.aborted) {
      first = Date.now();
      controller.abort();
      setTimeout(() => process.exit(1), CLOSE_DEADLINE_MS).unref();
    } else if (Date.now() - first > SAME_CTRL_C_MS) {
      // The private Redis follows by itself: see private-redis.ts.
      process.exit(1);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
});

/** One clear line for what a person can put right; everything for what they cannot. */
function describe(error: unknown): string {
  const isTheirs =
    error instanceof ConfigError || error instanceof SetupError || error instanceof DotEnvError;
  if (isTheirs) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
