import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { BackendUnavailableError } from "../../src/errors.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { aRun, callCounter } from "../contracts/harness.ts";
import { planReply } from "../helpers/openai-stub.ts";
import { startStage } from "./stage.ts";

test("a tool that works while its run's log fails for a sibling is told to stop", async () => {
  const begun = callCounter();
  const stopped = callCounter();
  const endless: AuraTool = {
    name: "endless",
    description: "Works until it is stopped.",
    schema: z.strictObject({}),
    approval: "never",
    approvalMessage: () => "",
    async execute(_args, { signal }) {
      begun.call();
      if (!signal.aborted) await once(signal, "abort");
      stopped.call();
    },
  };
  const call = (name: string) => ({ name, args: {} });
  const stage = await startStage({
    script: [planReply({ title: "Work" }), { reply: { calls: [call("endless"), call("current_time")] } }],
    tools: [endless],
    watched: (backend) => ({
      ...backend,
      eventLog: {
        ...backend.eventLog,
        async append(runId, events) {
          if (events.some(({ event }) => event.type === "tool_execution")) {
            await begun.reached(1);
            throw new BackendUnavailableError(new Error("gone"));
          }
          await backend.eventLog.append(runId, events);
        },
      },
    }),
  });
  onTestFinished(stage.close);
  const run = aRun();
  await stage.backend.threads.begin(run);
  const working = expect(stage.work(run.threadId)).rejects.toThrow(BackendUnavailableError);
  await stopped.reached(1);
  await working;
});
