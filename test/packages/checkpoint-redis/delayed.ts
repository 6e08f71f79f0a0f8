import { setTimeout as after } from "node:timers/promises";
import type { Redis } from "ioredis";

/**
 * The same client, but every command leaves only after `delayMs()` milliseconds: a network in which commands
 * overtake each other. Undefined: at once.
 */
export function delayed(redis: Redis, delayMs: () => number | undefined): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const delay = delayMs();
        if (delay !== undefined) await after(delay);
        return Reflect.apply(member, target, args);
      };
    },
  });
}
