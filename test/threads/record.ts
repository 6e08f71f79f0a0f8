/**
 * Records the threads of this folder anew: `node test/threads/record.ts`. Real service, Gateway, SMTP; a scripted model. A thread of your own joins
 * them with `npm run --silent aura -- export <threadId> -o test/threads/<name>.json` (leave out what nobody else may read).
 */
import { writeFileSync } from "node:fs";
import { planReply, type StubStep, startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf } from "../helpers/sse-client.ts";
import { chat, decide, getJson, type Stack, startStack } from "../helpers/stack.ts";

interface Recording {
  name: string;
  steps: StubStep[];
  prompts: { prompt: string; language: "ko" | "en"; decisions: Record<string, "approve" | "reject"> }[];
}

const mail = (to: string, subject: string, body: string) => ({
  name: "send_email",
  args: { to, subject, body },
});

const RECORDINGS: Recording[] = [
  {
    name: "two-mails",
    steps: [
      planReply(
        { title: "Mail Kim", tool: "send_email" },
        { title: "Mail Lee", tool: "send_email" },
        { title: "Answer" },
      ),
      {
        reply: {
          reasoning: ["Two mails, ", "one each."],
          calls: [
            mail("kim@example.com", "Offer", "Dear Kim"),
            mail("lee@example.com", "Offer 2", "Dear Lee"),
          ],
        },
      },
      { reply: { text: ["Kim has the offer. ", "Lee's mail was **not** sent: ", "not before Friday."] } },
      planReply({ title: "Answer" }),
      { reply: { text: ["You asked for Friday, ", "so it waits."] } },
    ],
    prompts: [
      {
        prompt: "Mail the offer to Kim and to Lee",
        language: "en",
        decisions: { Offer: "approve", "Offer 2": "reject" },
      },
      { prompt: "Why was Lee's mail not sent?", language: "en", decisions: {} },
    ],
  },
  {
    name: "wrong-arguments",
    steps: [
      { reply: { text: "no plan today" } },
      {
        reply: { calls: [{ name: "send_email", args: { to: "김대리", subject: "회의", body: "내일 3시" } }] },
      },
      { reply: { calls: [mail("kim@example.com", "회의", "내일 3시"), { name: "fax", args: {} }] } },
      { reply: { text: ["김대리에게 ", "메일을 보냈습니다."] } },
    ],
    prompts: [
      { prompt: "김대리에게 내일 3시 회의라고 메일 보내줘", language: "ko", decisions: { 회의: "approve" } },
    ],
  },
];

async function record(stack: Stack, { name, prompts }: Recording): Promise<void> {
  for (const { prompt, language, decisions } of prompts) {
    const stream = await chat(stack, { prompt, threadId: name, context: { language, activeApp: "mail" } });
    for (const [subject, decision] of Object.entries(decisions)) {
      const { data = "" } = await stream.first(
        ({ event, data }) => event === "hitl" && JSON.parse(data ?? "").data.context.subject === subject,
      );
      const { requestId, toolCallId } = JSON.parse(data).data;
      await decide(stack, requestId, decision, "not before Friday");
      // One after the other: then their order is the recording's, too.
      await stream.first(
        (frame) =>
          frame.event === "tool_execution" &&
          eventsOf([frame]).some(({ data }) => data.toolCallId === toolCallId && data.status !== "executing"),
      );
    }
    await stream.ended;
  }
  const { data } = await getJson(stack, `/api/aura/threads/${name}/export`);
  writeFileSync(`${import.meta.dirname}/${name}.json`, `${JSON.stringify(data, null, 1)}\n`);
}

for (const recording of RECORDINGS) {
  const model = await startOpenAiStub(recording.steps);
  const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" };
  const stack = await startStack({ backend: "embedded", env });
  await record(stack, recording);
  await stack.close();
  model.verify();
  await model.close();
}
