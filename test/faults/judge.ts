import type { Seen, StubbornClient } from "./client.ts";
import type { Fleet } from "./fleet.ts";
import type { Fault } from "./inject.ts";
import { wrongWords } from "./last-words.ts";
import type { Verdict } from "./main-service.ts";

export const ENDINGS = [
  ...["decide", "decide", "decide", "supersede", "cancel", "expire"],
  // After the decisions: the model that would answer fails, or the user stops its answer.
  ...["model fails", "stop the answer"],
] as Ending[];
export type Ending = "decide" | "supersede" | "cancel" | "expire" | "model fails" | "stop the answer";

/** How a run may end: its error's code, or `done`. */
const ENDS: Readonly<Record<Ending, readonly string[]>> = Object.freeze({
  decide: ["done"],
  expire: ["done"],
  supersede: ["E3002", "done"],
  cancel: ["E3002", "done"],
  "model fails": ["E5000"],
  "stop the answer": ["E3002", "done"],
});

/** A run that so many processes have ended with is closed, since nothing tells it from one that ends them (decision 52). */
const ENDS_THAT_CLOSE = 3;

export interface Outcome {
  seed: number;
  fault: Fault;
  ending: Ending;
  mails: number;
  /** How the run ended: `done`, or its error's code. */
  end: string;
  delivered: number;
  unknown: number;
  /** What must never be; empty when all is well. */
  violations: string[];
  /** What the client saw, for the report of a violation. */
  seen: string[];
  runId: string | null;
  /** The folder of its processes' logs. */
  logs: string;
  /** What must still hold when everything is over. */
  recheck(): string[];
}

export interface Evidence {
  fleet: Fleet;
  client: StubbornClient;
  seed: number;
  fault: Fault;
  ending: Ending;
  subjects: string[];
  decisions: Map<string, Verdict>;
  violations: string[];
  /** When the scenario began, in Unix ms. */
  began: number;
}

/** The two invariants, mail by mail, and how the client was told. */
export function judge(evidence: Evidence): Outcome {
  const { fleet, client, seed, fault, ending, subjects, decisions } = evidence;
  const words = () => wrongWords(fleet, client.events, subjects);
  const violations = [...evidence.violations, ...wrongMails(evidence), ...words()];
  let unknown = 0;
  // Cancelled, superseded or closed, an approved mail may come too late to be sent.
  const closed = isClosed(evidence);
  const mustBeDone = ending !== "supersede" && ending !== "cancel" && !closed;
  for (const subject of subjects) {
    const told = lastToolEvent(client.events, subject);
    const isUnknown = told?.data.status === "failed" && /unknown|알 수 없/.test(String(told.data.result));
    if (isUnknown) unknown += 1;
    if (decisions.get(subject) !== "approved" || !mustBeDone || isUnknown) continue;
    if (fleet.mails.delivered(subject) === 0) {
      violations.push(`${subject} was approved and neither delivered nor reported as unknown`);
    } else if (told?.data.status !== "completed") {
      violations.push(`${subject} was approved, and the client was told ${told?.data.status}`);
    }
  }
  const last = client.events.at(-1);
  const end = last?.type === "error" ? last.data.errorCode : "done";
  if (!closed && !ENDS[ending].includes(end)) violations.push(`ended with ${end}`);
  const seen = client.events.map(
    ({ id, type, data }) => `${id.split(":")[1]} ${JSON.stringify({ type, data })}`,
  );
  const delivered = subjects.filter((subject) => fleet.mails.delivered(subject) > 0).length;
  const where = { runId: client.runId(), logs: fleet.logs };
  const facts = { seed, fault, ending, mails: subjects.length, end, delivered, unknown, ...where };
  return { ...facts, violations, seen, recheck: () => [...wrongMails(evidence), ...words()] };
}

/** The run was closed as one that ends its processes, and processes were in fact ended, as often as that takes. */
function isClosed({ fleet, client, began }: Evidence): boolean {
  const last = client.events.at(-1);
  return (
    last?.type === "error" && last.data.reason === "no_progress" && fleet.killsSince(began) >= ENDS_THAT_CLOSE
  );
}

function wrongMails({ fleet, subjects, decisions }: Evidence): string[] {
  return subjects.flatMap((subject) => {
    const times = fleet.mails.delivered(subject);
    const decision = decisions.get(subject) ?? "never approved";
    if (times > 0 && decision !== "approved") return [`${subject} was ${decision} and delivered`];
    return times > 1 ? [`${subject} was delivered ${times} times`] : [];
  });
}

function lastToolEvent(events: readonly Seen[], subject: string): Seen | undefined {
  return events.findLast(
    ({ type, data }) => type === "tool_execution" && data.parameters?.subject === subject,
  );
}
