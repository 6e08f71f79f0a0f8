import { describe, expect, it } from "vitest";
import { modelFailure } from "../../../graphs/model/errors.ts";
import { DEFAULT_LIMITS, type GraphLimits } from "../../../graphs/state/limits.ts";
import { planReply, type StubReply, type StubStep } from "../../helpers/openai-stub.ts";
import { harness, textOf } from "../harness.ts";

const say = (text: string): StubStep => ({ reply: { text } });
const limited = (limits: Partial<GraphLimits>) => ({ limits: { ...DEFAULT_LIMITS, ...limits } });

describe("an answer without an end", () => {
  const call = (args: string) => ({ tool_calls: [{ index: 0, function: { arguments: args } }] });
  const cases: [string, StubReply][] = [
    ["text", { endless: { content: "more and more " } }],
    ["thoughts", { endless: { reasoning_content: "hm " } }],
    ["arguments", { endless: call("yyyy") }],
    ["calls", { endless: { tool_calls: [{ id: "c", function: { name: "echo", arguments: "{}" } }] } }],
    ["calls without anything but a name", { endless: { tool_calls: [{ function: { name: "e" } }] } }],
    ["one line", { endless: "data: ........................................" }],
  ];
  it.each(cases)("of %s ends the run, and the server is not read any more", async (_, reply) => {
    const { run, stub, graph, config } = await harness(
      [planReply({ title: "x" }), { reply }],
      limited({ maxOutput: 20_000 }),
    );
    const error = await run("tell").catch((caught: unknown) => caught);
    expect(modelFailure(error)).toBe("endless");
    await expect.poll(() => stub.sending()).toBe(0);
    stub.verify();
    // What was counted before stays counted, and the thread can be used.
    expect((await graph.getState(config())).values.usage).toMatchObject({ totalTokens: 15 });
    stub.script(planReply({ title: "y" }), say("Here."));
    expect(textOf(await run("again"))).toBe("Here.");
  });

  it("ends a run that still plans as well", async () => {
    const { run, stub } = await harness(
      [{ reply: { endless: { content: "{" } } }],
      limited({ maxOutput: 20_000 }),
    );
    const error = await run("tell").catch((caught: unknown) => caught);
    expect(modelFailure(error)).toBe("endless");
    stub.verify();
  });
});
