/** The whole stack as a process of its own, so that an attack that ends it is seen to. Talks with its parent over IPC. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { startStack } from "../helpers/stack.ts";

// LangChain reads this when it loads.
process.env.LANGCHAIN_CALLBACKS_BACKGROUND ??= "false";

const request = z.discriminatedUnion("do", [
  z.object({ id: z.number(), do: z.literal("publish"), channel: z.string(), message: z.string() }),
  z.object({ id: z.number(), do: z.literal("get"), key: z.string() }),
  z.object({ id: z.number(), do: z.literal("set"), key: z.string(), value: z.string() }),
  z.object({ id: z.number(), do: z.literal("logs"), containing: z.string() }),
  z.object({ id: z.number(), do: z.literal("close") }),
]);

const folder = mkdtempSync(join(tmpdir(), "aura-attacks-"));
const stack = await startStack({
  backend: process.argv[2] === "redis" ? "redis" : "embedded",
  env: { ...JSON.parse(process.argv[3] ?? "{}"), AURA_KNOWLEDGE: "on", AURA_DATA_DIR: folder },
  aura: { drainMs: 0 },
});

async function answer(message: z.infer<typeof request>): Promise<unknown> {
  switch (message.do) {
    case "publish":
      return stack.publish(message.channel, message.message);
    case "get":
      return stack.get(message.key);
    case "set":
      return stack.set(message.key, message.value);
    case "logs":
      return stack.logs.filter((line) => JSON.stringify(line).includes(message.containing)).length;
    case "close":
      await stack.close();
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
  }
}

// The parent is gone: nobody else would stop this.
process.once("disconnect", () => process.exit(1));
process.on("message", (received) => {
  const message = request.parse(received);
  void answer(message).then(
    (value) => process.connected && process.send?.({ id: message.id, value: value ?? null }),
    (error) => process.connected && process.send?.({ id: message.id, error: String(error) }),
  );
});
process.send?.({ gateway: stack.url, aura: stack.aura.url });
