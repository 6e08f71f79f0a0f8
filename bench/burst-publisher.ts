import { spawn } from "node:child_process";
import { once } from "node:events";

/** Another process that publishes bursts: what the services of DWP do is not the service's own time. */
export function startPublisher(redisPort: number) {
  const code = `
    import { Redis } from "ioredis";
    const redis = new Redis(Number(process.argv[1]), "127.0.0.1");
    process.on("message", async ({ first, count, event }) => {
      const sent = [];
      for (let n = first; n < first + count; n += 1)
        sent.push(redis.publish("dwp:events:mail", event.replaceAll("@N", String(n))));
      await Promise.all(sent);
      process.send("done");
    });
    redis.once("ready", () => process.send("ready"));`;
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, `${redisPort}`], {
    stdio: [...stdio],
  });
  return {
    ready: once(child, "message"),
    /** Publishes `count` events; `@N` in the event's text becomes first, first + 1 ... */
    async burst(event: string, first: number, count: number): Promise<void> {
      const done = once(child, "message");
      child.send({ first, count, event });
      await done;
    },
    async close(): Promise<void> {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
