import { headersOf } from "../helpers/stack.ts";
import type { Seen } from "./client.ts";
import type { Fleet } from "./fleet.ts";

/** What is said of a call in the end, whoever says it. */
type Word = "completed" | "failed" | "not_executed" | "unknown" | "nothing";

/** The last words of each mail in the stream, repetitions after a crash left out: more than one is a contradiction. */
function wordsOf(events: readonly Seen[], subject: string): Word[] {
  const ended = events.filter(
    ({ type, data }) =>
      type === "tool_execution" && data.parameters?.subject === subject && data.status !== "executing",
  );
  return [...new Set(ended.map(({ data }): Word => data.outcome ?? "nothing"))];
}

/** One call has one last word, and it is true: a mail that has arrived is never told as not sent, one that has not never as sent. */
export function wrongWords(fleet: Fleet, events: readonly Seen[], subjects: readonly string[]): string[] {
  return subjects.flatMap((subject) => {
    const words = wordsOf(events, subject);
    const arrived = fleet.mails.delivered(subject) > 0;
    const [word = "nothing"] = words;
    return [
      ...(words.length > 1 ? [`${subject} has several last words: ${words.join(", ")}`] : []),
      ...(arrived && word !== "completed" && word !== "unknown"
        ? [`${subject} arrived and is told as ${word}`]
        : []),
      ...(!arrived && word === "completed" ? [`${subject} did not arrive and is told as sent`] : []),
    ];
  });
}

const OF_AUDIT: Readonly<Record<string, Word>> = Object.freeze({
  completed: "completed",
  failed: "failed",
  not_executed: "not_executed",
  unknown: "unknown",
});

/** Where the audit says another word than the stream; asked until an instance answers. */
export async function auditDiffers(
  fleet: Fleet,
  threadId: string,
  events: readonly Seen[],
  giveUp: AbortSignal,
): Promise<string[]> {
  for (let n = 0; !giveUp.aborted; n += 1) {
    const url = fleet.apis[n % fleet.apis.length]?.url;
    const answer = await fetch(`${url}/aura/threads/${threadId}/audit`, { headers: await headersOf() })
      .then(async (response) => (response.status === 200 ? ((await response.json()) as any) : null))
      .catch(() => null);
    if (answer === null) continue;
    return answer.data.items.flatMap((item: any) => {
      const [word = "nothing"] = wordsOf(events, item.arguments.subject);
      const said = OF_AUDIT[item.outcome.state] ?? item.outcome.state;
      return said === word ? [] : [`${item.arguments.subject}: the stream says ${word}, the audit ${said}`];
    });
  }
  return ["the audit could not be read"];
}
