import { readFile } from "node:fs/promises";
import { HumanMessage } from "@langchain/core/messages";
import { expect, it, vi } from "vitest";

it("the graph that Studio opens is built from an environment without any keys", async () => {
  for (const name of ["OPENAI_API_KEY", "OPENAI_BASE_URL", "AURA_MODEL", "SMTP_URL", "MAIL_FROM"]) {
    vi.stubEnv(name, undefined);
  }
  const module = await import("../../graphs/studio.ts");
  expect(Object.keys(module)).toEqual(["graph"]);
  const { nodes } = await module.graph.getGraphAsync();
  expect(Object.keys(nodes)).toEqual(["__start__", "plan", "agent", "tools", "finish", "__end__"]);
  expect(module.graph.checkpointer).toBeUndefined();
  const { messages } = await module.graph.invoke({ messages: [new HumanMessage("지금 몇 시야")] });
  expect(messages.at(-1)?.text).toContain("현재 시각은");
});

it("langgraph.json points to it", async () => {
  const config = JSON.parse(await readFile(new URL("../../langgraph.json", import.meta.url), "utf8"));
  expect(config).toEqual({
    node_version: "22",
    dependencies: ["."],
    graphs: { aura: "./graphs/studio.ts:graph" },
    env: ".env",
  });
});
