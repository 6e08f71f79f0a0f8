import { expect, onTestFinished, test } from "vitest";
import { BackendUnavailableError } from "../../src/errors.ts";
import { eachEvent } from "../../src/runs/each-event.ts";
import { aRun } from "../contracts/harness.ts";
import { planReply } from "../helpers/openai-stub.ts";
import { startStage } from "./stage.ts";

const mail = (subject: string) => ({
  name: "send_email",
  args: { to: "kim@example.com", subject, body: "hello" },
});

test("a run whose worker dies between a decision and its effect carries it out, in the same execution, and asks nobody again", async () => {
  let dies = true;
  const gone = new BackendUnavailableError(new Error("gone"));
  const stage = await startStage({
    script: [
      planReply({ title: "Send" }),
      { reply: { calls: [mail("one"), mail("two")] } },
      { reply: { text: "ok" } },
    ],
    watched: (backend) => ({
      ...backend,
      async ping() {
        if (dies) throw gone;
      },
      ledger: {
        ...backend.ledger,
        async begin(key, holder) {
          if (dies) throw gone;
          return backend.ledger.begin(key, holder);
        },
      },
    }),
  });
  onTestFinished(stage.close);
  const { backend } = stage;
  const run = aRun();
  const { threadId, runId } = run;
  await backend.threads.begin(run);
  await stage.work(threadId);
  await stage.approve(threadId, 2);
  await expect(stage.work(threadId)).rejects.toThrow(BackendUnavailableError);
  expect((await backend.threads.run(runId))?.status).toBe("running");

  dies = false;
  await stage.work(threadId);
  expect(stage.mails().toSorted()).toEqual(["one", "two"]);
  expect(await backend.threads.run(runId)).toMatchObject({ status: "completed", attempt: 2 });
  expect(await backend.approvals.unfinished(threadId)).toEqual([]);
  const asked: string[] = [];
  await eachEvent(backend.eventLog, runId, ({ type, data }) => {
    if (type === "hitl") asked.push(String(data.context.subject));
  });
  expect(asked).toEqual(["one", "two"]);
  stage.model.verify();
});
