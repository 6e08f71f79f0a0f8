import { RedisCheckpointer } from "@aura-platform/checkpoint-redis";
import { Command } from "@langchain/langgraph";
import { Redis } from "ioredis";
import { approvalGraph } from "./approval-graph.ts";

// A process of its own: prints the state of a suspended thread, resumes it, prints the outcome.
const [, , port = "", thread_id = ""] = process.argv;
const redis = new Redis(Number(port));
const graph = approvalGraph(new RedisCheckpointer(redis));
const config = { configurable: { thread_id } };
const { next, tasks } = await graph.getState(config);
const { log } = await graph.invoke(new Command({ resume: "yes" }), config);
process.stdout.write(JSON.stringify({ next, interrupts: tasks.flatMap((task) => task.interrupts), log }));
redis.disconnect();
