import assert from "node:assert/strict";
import { eventsOf, type SseStream } from "../helpers/sse-client.ts";
import type { Attack } from "./attack.ts";
import type { Target } from "./target.ts";

interface Waiting {
  requestId: string;
  context: Record<string, unknown>;
  subject: string;
  stream: SseStream;
}

async function waiting(target: Target, name: string, body = "hello"): Promise<Waiting> {
  const subject = `edit ${name} ${target.backend}`;
  const mail = JSON.stringify({ to: "kim@example.com", subject, body });
  const stream = await target.prompt(`!call send_email ${mail}`, {
    threadId: `edit-${name}-${target.backend}`,
  });
  const { requestId, context } = await stream.event("hitl");
  return { requestId, context, subject, stream };
}

const edit = (target: Target, requestId: string, body: unknown) =>
  target.ask("POST", `/approvals/${requestId}/edit`, { body });
const mailsAbout = async (target: Target, text: string) =>
  (await target.mails()).filter(({ subject }) => subject.includes(text));

/** What is approved in the end is the mail of the beginning, and it alone is sent. */
async function sentAsAsked(target: Target, { requestId, subject, stream }: Waiting): Promise<void> {
  assert.equal((await target.decide(requestId, "approve")).status, 200);
  await stream.ended;
  assert.equal((await mailsAbout(target, subject)).length, 1);
}

/** Changed arguments that let something through that nobody has seen. */
export const edits: readonly Attack[] = [
  {
    area: "approvals",
    name: "an approval of what was edited: the first id, by a click and by a bare signal",
    async run(target) {
      const one = await waiting(target, "first-id");
      const edited = await edit(target, one.requestId, { arguments: { ...one.context, subject: "changed" } });
      assert.equal(edited.status, 200);
      assert.equal((await target.decide(one.requestId, "approve")).status, 409);
      const signal = { type: "approval", requestId: one.requestId, status: "approved", timestamp: 1 };
      await target.publish(`hitl:channel:edit-first-id-${target.backend}`, JSON.stringify(signal));
      assert.equal((await target.decide(edited.json.data.requestId, "reject")).status, 200);
      const events = eventsOf(await one.stream.ended);
      assert.equal(
        events.some(({ type, data }) => type === "tool_execution" && data.status === "completed"),
        false,
      );
      assert.deepEqual(
        [...(await mailsAbout(target, one.subject)), ...(await mailsAbout(target, "changed"))],
        [],
      );
    },
  },
  {
    area: "approvals",
    name: "an edit that brings another tool, decision or prototype along",
    async run(target) {
      const one = await waiting(target, "smuggled");
      const args = one.context;
      const bodies = [
        { arguments: { ...args, to: "evil" } },
        { arguments: [args] },
        { arguments: null },
        { tool: "current_time", actionType: "current_time" },
        `{"arguments":{"__proto__":{"to":"evil@example.com"},"constructor":{"prototype":{}}}}`,
      ];
      for (const body of bodies) assert.equal((await edit(target, one.requestId, body)).status, 400);
      // What is beside the arguments says nothing: it is the same call, and it still waits.
      const same = await edit(target, one.requestId, {
        ...{ arguments: args, tool: "current_time", status: "approved", requestId: "req-0", digest: "0" },
      });
      assert.deepEqual([same.status, same.json.data.requestId], [200, one.requestId]);
      await sentAsAsked(target, one);
    },
  },
  {
    area: "approvals",
    name: "an edit of a text of which only the beginning was shown",
    async run(target) {
      const body = "All is well. ".repeat(2_000);
      const one = await waiting(target, "in-part", body);
      const sent = await edit(target, one.requestId, { arguments: { ...one.context, subject: "in part" } });
      assert.equal(sent.status, 400);
      assert.equal((await mailsAbout(target, "in part")).length, 0);
      await sentAsAsked(target, one);
    },
  },
  {
    area: "approvals",
    name: "an edit after the decision, and without end before it",
    async run(target) {
      const one = await waiting(target, "late");
      let requestId = one.requestId;
      let refused = 0;
      for (let n = 0; n < 40; n += 1) {
        const { status, json } = await edit(target, requestId, {
          arguments: { ...one.context, body: `version ${n}` },
        });
        if (status === 200) requestId = json.data.requestId;
        else refused += status === 409 ? 1 : 0;
      }
      assert.equal(refused, 8);
      await target.decide(requestId, "approve");
      await one.stream.ended;
      const late = await edit(target, requestId, { arguments: { ...one.context, to: "evil@example.com" } });
      assert.deepEqual([late.status, late.json.errorCode], [409, "E3006"]);
      assert.equal((await mailsAbout(target, one.subject)).length, 1);
    },
  },
];
