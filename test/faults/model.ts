import type { ChatRequest, StubReply } from "../helpers/openai-stub.ts";

/**
 * The scripted model of the fault runs. A prompt `mails a,b,c` becomes one turn with one send_email per subject, all with
 * the same tool call id in one of three (as some servers do); then an answer in slow pieces, so that a crash can fall into it. With `fails` behind
 * it the model refuses to answer, with `slowly` there is time to stop the answer.
 */
export function answer(request: ChatRequest): StubReply {
  if (request.tools === undefined) {
    return { text: JSON.stringify({ steps: [{ title: "Send", tool: "send_email", confidence: 0.9 }] }) };
  }
  const last = request.messages.at(-1);
  const asked = /^mails (\S+)/.exec(String(last?.content ?? ""));
  const [how] = / (?:fails|slowly)$/.exec(promptOf(request)) ?? [];
  if (last?.role === "user" && asked?.[1] !== undefined) {
    const subjects = asked[1].split(",");
    const repeatIds = subjects.length % 3 === 0;
    return {
      calls: subjects.map((subject, index) => ({
        ...(repeatIds ? { id: "call_0" } : {}),
        index,
        name: "send_email",
        args: { to: "kim@example.com", subject, body: "hello" },
      })),
    };
  }
  if (how === " fails") return { status: 400, error: "not this time" };
  if (how === " slowly") return { text: Array.from({ length: 40 }, (_, at) => `${at} `), pauseMs: 50 };
  return { text: ["All ", "of ", "that ", "is ", "done."], pauseMs: 10 };
}

function promptOf({ messages }: ChatRequest): string {
  return String(messages.findLast(({ role }) => role === "user")?.content ?? "");
}
