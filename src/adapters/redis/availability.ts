import type { BackendLogger } from "../backend-logger.ts";

/** What is known about the process's connections to Redis. */
export interface Availability {
  down(connection: string, error: Error): void;
  up(connection: string): void;
}

/**
 * Logs one line when Redis goes away and one when it is back, however many connections notice and however
 * often each tries again.
 */
export function createAvailability(logger: BackendLogger): Availability {
  const away = new Set<string>();
  return {
    down(connection, error) {
      if (away.size === 0) logger.error({ err: error, connection }, "Redis is unreachable; trying again");
      away.add(connection);
    },
    up(connection) {
      if (away.delete(connection) && away.size === 0) logger.info("Redis is back");
    },
  };
}
