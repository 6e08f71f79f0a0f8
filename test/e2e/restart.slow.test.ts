import { expect, test } from "vitest";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, decide, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

test("[R8.3] a thread that waits for approval is resumed by a freshly started service, and its stream goes on", async () => {
  const stack = await startStack({ backend: "redis" });
  try {
    const body = { prompt: mailTo("Restarted"), threadId: "restart" };
    const stream = await chat(stack, body);
    const hitl = await stream.event("hitl");
    const before = [...stream.frames];
    await stack.restartAura();
    await stream.ended.catch(() => {});

    const again = await chat(stack, body, { "last-event-id": before.at(-1)?.id ?? "" });
    expect(again.response.status).toBe(200);
    await decide(stack, hitl.requestId, "approve");
    const frames = await again.ended;
    const seqs = [...eventsOf(before), ...eventsOf(frames)].map(({ id }) => Number(id.split(":")[1]));
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    expect(frames.at(-1)?.data).toBe("[DONE]");
    expect(stack.mailbox.mails().map(({ subject }) => subject)).toEqual(["Restarted"]);

    const next = await chat(stack, { prompt: mailTo("Next"), threadId: "restart" });
    await decide(stack, (await next.event("hitl")).requestId, "reject", "enough");
    expect(textOf(await next.ended)).toContain("enough");
    expect(stack.mailbox.mails()).toHaveLength(1);
  } finally {
    await stack.close();
  }
});
