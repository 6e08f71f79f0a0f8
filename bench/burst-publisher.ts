import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Another process that publishes bursts: what the services of DWP do is not the service's own time. It makes the commands before the burst
 * and writes them at once, so that it takes next to nothing of a core that the service needs.
 */
export function startPublisher(redisPort: number) {
  const code = `
    import { connect } from "node:net";
    import { once } from "node:events";
    const redis = connect(Number(process.argv[1]), "127.0.0.1");
    let commands = [];
    let left = 0;
    redis.on("data", (replies) => {
      for (const byte of replies) if (byte === 10) left -= 1;
      if (left === 0) process.send("done");
    });
    const bulk = (text) => "$" + Buffer.byteLength(text) + "\\r\\n" + text + "\\r\\n";
    process.on("message", (burst) => {
      if (burst === "go") {
        left = commands.length;
        redis.write(commands.join(""));
        return;
      }
      commands = Array.from({ length: burst.count }, (_, at) =>
        "*3\\r\\n" + bulk("PUBLISH") + bulk("dwp:events:mail") + bulk(burst.event.replaceAll("@N", String(burst.first + at))));
      process.send("made");
    });
    await once(redis, "connect");
    process.send("ready");`;
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, `${redisPort}`], {
    stdio: [...stdio],
  });
  const ask = async (what: object | "go") => {
    const answered = once(child, "message");
    child.send(what);
    await answered;
  };
  return {
    ready: once(child, "message"),
    /** Makes `count` events; `@N` in the event's text becomes first, first + 1 ... */
    prepare: (event: string, first: number, count: number) => ask({ event, first, count }),
    /** Publishes what was prepared. */
    burst: () => ask("go"),
    async close(): Promise<void> {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
