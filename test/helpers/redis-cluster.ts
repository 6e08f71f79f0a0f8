import { once } from "node:events";
import { Cluster, type Redis } from "ioredis";
import { startRedis, type TestRedis } from "./redis.ts";

/** A Redis Cluster of the test's own: masters without replicas, on one machine. */
export interface TestCluster {
  readonly nodes: readonly TestRedis[];
  /** A new client of the whole cluster; stop() closes it. */
  client(): Promise<Cluster>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const HOST = "127.0.0.1";

/** Starts the nodes, gives each an equal share of the slots, and resolves when all of them agree. */
export async function startCluster(size: number): Promise<TestCluster> {
  const nodes = await Promise.all(Array.from({ length: size }, startNode));
  const clients = new Set<Cluster>();
  const stop = async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    await form(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    stop,
    async client() {
      const client = new Cluster(
        nodes.map(({ port }) => ({ host: HOST, port })),
        { redisOptions: { maxRetriesPerRequest: 0 } },
      );
      client.on("error", () => {});
      clients.add(client);
      if (client.status !== "ready") await once(client, "ready");
      return client;
    },
  };
}

/** The nodes talk to each other on their port + 10,000: one that is too high, or taken there, will not do. */
async function startNode(): Promise<TestRedis> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startRedis({ args: ["--cluster-enabled", "yes"] });
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

async function form(nodes: readonly TestRedis[]): Promise<void> {
  const share = Math.ceil(SLOTS / nodes.length);
  const clients = nodes.map((node) => node.client());
  for (const [index, client] of clients.entries()) {
    const last = Math.min(SLOTS, (index + 1) * share) - 1;
    await client.call("CLUSTER", "ADDSLOTSRANGE", index * share, last);
    // Without it two nodes that meet may both believe in the same epoch, and argue until one gives in.
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
  }
  const [first] = nodes;
  for (const client of clients.slice(1)) await client.call("CLUSTER", "MEET", HOST, first?.port ?? 0);
  await Promise.all(clients.map((client) => agreed(client, nodes.length)));
}

/** A node says nothing when it has heard of all the others, so it is asked. */
async function agreed(client: Redis, size: number): Promise<void> {
  for (;;) {
    const info = String(await client.call("CLUSTER", "INFO"));
    const knows = info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${size}`);
    if (knows) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
