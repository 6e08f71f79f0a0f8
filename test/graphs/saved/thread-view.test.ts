import { expect, test } from "vitest";
import { isPlanned, viewHistory } from "../../../graphs/saved/thread-view.ts";
import { planReply } from "../../helpers/openai-stub.ts";
import { harness } from "../harness.ts";

test("a run is planned once its first node is over, and the next run anew", async () => {
  const { run, graph } = await harness([
    planReply({ title: "Echo", tool: "echo" }),
    { reply: { calls: [{ name: "echo", args: { text: "a" } }] } },
    { reply: { text: "One." } },
    planReply({ title: "Answer" }),
    { reply: { text: "Two." } },
  ]);
  await run("first");
  await run("second");
  const seen: [next: string[], isPlanned: boolean][] = [];
  for await (const view of viewHistory(graph, "thread-1")) seen.unshift([view.next, isPlanned(view)]);
  expect(seen).toEqual([
    [["__start__"], false],
    [["plan"], false],
    [["agent"], true],
    [["tools"], true],
    [["agent"], true],
    [["finish"], true],
    [[], true],
    [["__start__"], false],
    [["plan"], false],
    [["agent"], true],
    [["finish"], true],
    [[], true],
  ]);
});
