import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it, onTestFinished } from "vitest";
import { createModel } from "../../../graphs/create-model.ts";
import { ask } from "../../../graphs/model/answer.ts";
import { ModelError, modelFailure } from "../../../graphs/model/errors.ts";
import { DEFAULT_LIMITS } from "../../../graphs/state/limits.ts";
import { planReply, type StubReply, startOpenAiStub } from "../../helpers/openai-stub.ts";
import { harness, stubModel, textOf } from "../harness.ts";
import { asked, failing } from "./asked.ts";

describe("a model at an OpenAI-compatible endpoint", () => {
  it("streams text with its usage and needs no key", async () => {
    const { stub, answer, deltas } = await asked([{ text: ["Hel", "lo"] }]);
    expect(await answer).toMatchObject({ text: "Hello", calls: [], usage: { total_tokens: 15 } });
    expect(deltas).toEqual(["Hel", "lo"]);
    expect(stub.requests[0]).toMatchObject({
      model: "stub-model",
      stream: true,
      stream_options: { include_usage: true },
    });
    stub.verify();
  });

  it("sends the key it is given", async () => {
    const stub = await startOpenAiStub([{ reply: { text: "ok" } }]);
    onTestFinished(() => stub.close());
    const model = createModel({ model: "m", apiKey: "sk-test", baseUrl: stub.url });
    expect((await model.invoke("hi")).text).toBe("ok");
    expect(stub.headers[0]?.authorization).toBe("Bearer sk-test");
    stub.verify();
  });

  it("understands servers that leave out the role and call reasoning `reasoning`", async () => {
    const { stub, answer } = await asked([
      {
        deltas: [
          { reasoning: "hm" },
          { content: "ok" },
          { tool_calls: [{ index: 0, id: "a", function: { name: "echo", arguments: "{}" } }] },
        ],
        finish: "tool_calls",
      },
    ]);
    expect(await answer).toMatchObject({ text: "ok", calls: [{ id: "a", name: "echo", args: {} }] });
    stub.verify();
  });

  it.each([429, 500, 502, 503])("repeats a request answered by %i", async (status) => {
    const { stub, answer } = await asked([{ status }, { status }, { status }, { text: "ok" }]);
    expect((await answer).text).toBe("ok");
    stub.verify();
  });

  it("honours Retry-After, and gives up when it asks for too much", async () => {
    const soon = await asked([{ status: 429, headers: { "retry-after": "1" } }, { text: "ok" }]);
    const startedAt = Date.now();
    await soon.answer;
    expect(Date.now() - startedAt).toBeGreaterThan(950);
    soon.stub.verify();
    const { error } = await failing([{ status: 429, headers: { "retry-after": "3600" } }]);
    expect(modelFailure(error)).toBe("failed");
  });

  it.each([429, 500])("gives up after three retries of %i", async (status) => {
    const { error, stub } = await failing([{ status }, { status }, { status }, { status }]);
    expect(error).toBeInstanceOf(ModelError);
    expect(modelFailure(error)).toBe("failed");
    expect(stub.requests).toHaveLength(4);
  });

  it.each([
    [400, "failed"],
    [401, "credentials"],
    [403, "credentials"],
    [404, "address"],
    [405, "address"],
  ])("does not repeat a request answered by %i", async (status, kind) => {
    const { error, stub } = await failing([{ status }]);
    expect(modelFailure(error)).toBe(kind);
    expect(stub.requests).toHaveLength(1);
  });

  it("does not repeat a refused connection", async () => {
    const { url, close } = await startOpenAiStub();
    await close();
    const model = createModel({ model: "m", baseUrl: url, retryDelayMs: 60_000 });
    const error = await ask(model, [new HumanMessage("hi")], {}, {}, DEFAULT_LIMITS).catch(
      (caught: unknown) => caught,
    );
    expect(modelFailure(error)).toBe("address");
  });

  it("reads arguments that come as an object, and survives fields of any kind", async () => {
    const called = (part: unknown) => ({ tool_calls: [part] });
    const { answer } = await asked([
      {
        deltas: [
          called({ index: 0, id: "a", function: { name: "echo", arguments: { text: "x" } } }),
          called({ index: 1, id: "b", function: { name: "echo", arguments: 7 } }),
          called({ index: "2", id: 3, function: null }),
          called("call"),
          { tool_calls: "none" },
        ],
      },
    ]);
    expect((await answer).calls).toMatchObject([
      { id: "a", name: "echo", args: { text: "x" } },
      { id: "b", name: "echo", args: {}, malformed: { text: "7" } },
      { name: "" },
    ]);
  });

  it.each(["drop", "end"] as const)("takes no half answer for a whole one (%s)", async (cut) => {
    const { error, deltas } = await failing([{ cut, text: ["Half an "] }]);
    expect(deltas).toEqual(["Half an "]);
    expect(error).toBeInstanceOf(ModelError);
    expect(modelFailure(error)).toBe("cut");
  });

  it.each(["headers", "body"] as const)("times out when the server falls silent (%s)", async (stall) => {
    const { error } = await failing([{ stall, text: ["Once"] }], { timeoutMs: 300 });
    expect(modelFailure(error)).toBe("timeout");
  });

  it("calls a gateway's timeout a timeout", async () => {
    const { error } = await failing([{ status: 504 }], { maxRetries: 0 });
    expect(modelFailure(error)).toBe("timeout");
  });

  it("stops waiting for a retry when the run is cancelled", async () => {
    const cancel = new AbortController();
    const tooMany = { status: 429, headers: { "retry-after": "20" } };
    const { answer, stub } = await asked([tooMany], {}, cancel.signal);
    const caught = answer.catch((error: unknown) => error);
    await expect.poll(() => stub.requests.length).toBe(1);
    cancel.abort();
    const error = await caught;
    expect(error).toMatchObject({ name: "AbortError" });
    // The retry would have been a call that the script does not know.
    stub.verify();
    // The run's own signal fired: that is a cancellation, not the model's failure.
    expect(modelFailure(error)).toBeNull();
  });
});

describe("modelFailure", () => {
  it("finds a model's error however it is wrapped, and nothing else", () => {
    const error = new ModelError("timeout", "slow");
    expect(modelFailure(error)).toBe("timeout");
    expect(modelFailure(new Error("outer", { cause: new Error("middle", { cause: error }) }))).toBe(
      "timeout",
    );
    for (const other of [new Error("x"), null, undefined, "text", 7, {}])
      expect(modelFailure(other)).toBeNull();
    const ring = new Error("ring");
    ring.cause = ring;
    expect(modelFailure(ring)).toBeNull();
  });
});

describe("a run whose model fails", () => {
  it.each<[string, StubReply, string]>([
    ["401", { status: 401 }, "credentials"],
    ["a cut stream", { cut: "drop", text: ["Half"] }, "cut"],
    ["a polite end too early", { cut: "end", text: ["Half"] }, "cut"],
    ["silence", { stall: "body", text: ["Half"] }, "timeout"],
  ])("rejects with the model's error and leaves the thread usable: %s", async (_name, reply, kind) => {
    const stub = await startOpenAiStub();
    onTestFinished(() => stub.close());
    const patience = kind === "timeout" ? { timeoutMs: 2_000 } : {};
    const { run } = await harness([], { model: stubModel(stub, patience) });
    stub.script(planReply({ title: "Answer" }), { reply });
    const error = await run("one").catch((caught: unknown) => caught);
    expect(modelFailure(error)).toBe(kind);
    stub.script(planReply({ title: "Answer" }), { reply: { text: "Back again" } });
    expect(textOf(await run("two"))).toBe("Back again");
    stub.verify();
  });
});
