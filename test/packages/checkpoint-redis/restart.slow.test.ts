import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { describe, expect, it } from "vitest";
import { startRedis } from "../../helpers/redis.ts";
import { approvalGraph } from "./approval-graph.ts";

const PROCESS = fileURLToPath(new URL("./resume-process.ts", import.meta.url));

describe("a thread that waits for an approval", () => {
  it("is resumed by a new process, after a restart of Redis", async () => {
    const server = await startRedis({ appendOnly: true });
    try {
      const config = { configurable: { thread_id: "user:42 {x}" } };
      await approvalGraph(new RedisCheckpointer(server.client())).invoke({ log: ["input"] }, config);
      await server.restart({ keepData: true });

      const args = [PROCESS, String(server.port), config.configurable.thread_id];
      const { stdout } = await promisify(execFile)(process.execPath, args);

      expect(JSON.parse(stdout)).toEqual({
        next: ["approve"],
        interrupts: [{ id: expect.any(String), value: "may I?" }],
        log: ["input", "planned", "decided: yes", "acted"],
      });
    } finally {
      await server.stop();
    }
  });
});
