import type { Decision } from "@aura-platform/client/api.ts";
import type { RunEvent } from "@aura-platform/client/events.ts";
import { ServiceFailure } from "@aura-platform/client/failures.ts";
import type { EventType } from "@aura-platform/contract/events.ts";
import { decide, isDecided } from "./decide.ts";
import { editItem } from "./desk-edit.ts";
import {
  announce,
  type Desk,
  drawCard,
  type Item,
  isOpen,
  problemOf,
  putOff,
  say,
  settle,
  tell,
  withdraw,
  wordsOf,
} from "./desk-items.ts";
import { knownWord } from "./known-word.ts";
import { type Answer, openQuestion } from "./question.ts";
import type { Session } from "./session.ts";
import type { Show } from "./show.ts";

/** Where a run's approvals are asked about, one after the other, while its events go on being drawn. */
export interface ApprovalDesk {
  /** Draws an event, and does what it means for what is asked. */
  event(event: RunEvent): Promise<void>;
  /** The answer to the question that is open; never, while there is none. */
  answered(): Promise<Answer>;
  /** Carries an answer out, and asks the next question. */
  take(answer: Exclude<Answer, { verdict: "interrupted" }>): Promise<void>;
  /** Whether nothing is left to ask, and nothing to see before somebody decides elsewhere. */
  idle(): Promise<boolean>;
  /** The run has ended: nothing of it waits any more. */
  over(): void;
  /**
   * The person leaves: the question is taken back, and of all that still waits its card and how to decide are
   * shown.
   */
  leave(): Promise<void>;
}

/** What an event of a type says of the approvals of its run. */
const MEANING = Object.freeze({
  thought: "nothing",
  plan_step: "nothing",
  tool_execution: "moves",
  hitl: "asks",
  content: "nothing",
  error: "ends",
} satisfies Record<EventType, "asks" | "moves" | "ends" | "nothing">);

export function createApprovalDesk(session: Session, show: Show): ApprovalDesk {
  const desk: Desk = { session, show, items: [], question: null };
  return {
    async event(event) {
      const meaning = knownWord(MEANING, event.type);
      if (meaning === "asks") announce(desk, event);
      else if (meaning === "moves") await move(desk, event);
      else {
        if (meaning === "ends") endAll(desk);
        show.event(event);
      }
      await askNext(desk);
    },
    answered: () => desk.question?.answer ?? new Promise(() => {}),
    take: (answer) => take(desk, answer),
    async idle() {
      const states = desk.items.map(({ state }) => state);
      if (!states.includes("later") || !states.every((state) => state === "later" || state === "settled")) {
        return false;
      }
      return (await unannounced(desk)).length === 0;
    },
    over: () => endAll(desk),
    async leave() {
      withdraw(desk);
      for (const event of await unannounced(desk)) announce(desk, event);
      for (const item of desk.items) if (isOpen(item)) putOff(desk, item);
    },
  };
}

/**
 * Approvals of a stop are all stored before the first is announced: these will be, in a moment, as events
 * like these. When the service does not answer, nothing is added to what it has announced.
 */
async function unannounced({ session, items }: Desk): Promise<RunEvent[]> {
  if (items.every(({ state }) => state === "settled")) return [];
  const runs = new Set(items.map(({ event }) => event.runId));
  const known = new Set(items.map(({ requestId }) => requestId));
  const page = await session.api.approvals().catch(() => ({ items: [] }));
  return page.items
    .filter(({ runId, requestId }) => runs.has(runId) && !known.has(requestId))
    .map((data) => ({ id: "", runId: data.runId, type: "hitl", data }));
}

/** A call begins, or has had its last word: whoever its approval waited for has decided, or nobody will. */
async function move(desk: Desk, event: RunEvent): Promise<void> {
  const { toolCallId, status } = event.data;
  const item = desk.items.find((each) => each.toolCallId === toolCallId && each.state !== "settled");
  if (item !== undefined && item.state !== "decided") await tellElsewhere(desk, item);
  desk.show.event(event);
  if (item !== undefined && status !== "executing") item.state = "settled";
}

async function tellElsewhere(desk: Desk, item: Item): Promise<void> {
  const told = wordsOf(desk);
  const wasAsked = item.state === "asked";
  if (wasAsked) withdraw(desk);
  drawCard(desk, item);
  // The run goes on in any case; who decided is more than it says.
  const standing = await desk.session.api.approvalRecord(item.requestId).catch(() => null);
  if (standing !== null && isDecided(standing)) {
    tell(desk, told[wasAsked ? "withdrawn" : "decided"](item.what, say(desk, standing)));
  } else if (wasAsked) tell(desk, told.withdrawnUnsaid(item.what));
  item.state = "decided";
}

/** The next question; what turns out to be decided, or cannot be decided from here, is told instead. */
async function askNext(desk: Desk): Promise<void> {
  const { session, show, items } = desk;
  const { api, connection, io } = session;
  while (desk.question === null) {
    const item = items.find(({ state }) => state === "queued");
    if (item === undefined) return;
    // Asked once more after a failure: whatever is wrong, the person has seen it, and decides whether to try
    // again.
    const standing = item.checked ? null : await api.approvalRecord(item.requestId).catch(problemOf);
    item.checked = true;
    drawCard(desk, item);
    if (typeof standing === "string") {
      tell(desk, wordsOf(desk).cannotAsk(item.what, standing));
      putOff(desk, item);
    } else if (standing !== null && isDecided(standing)) {
      tell(desk, wordsOf(desk).decided(item.what, say(desk, standing)));
      settle(item);
    } else {
      item.state = "asked";
      desk.question = await openQuestion(item.what, io.stdin, connection.language, show.prompt);
    }
  }
}

async function take(desk: Desk, answer: Parameters<ApprovalDesk["take"]>[0]): Promise<void> {
  const item = desk.items.find(({ state }) => state === "asked");
  withdraw(desk);
  if (item === undefined) return;
  if (answer.verdict === "later") putOff(desk, item);
  else if (answer.verdict === "edit") await editItem(desk, item);
  else await carryOut(desk, item, answer);
  await askNext(desk);
}

async function carryOut(desk: Desk, item: Item, decision: Decision): Promise<void> {
  const { api, connection } = desk.session;
  const told = wordsOf(desk);
  try {
    const { decided, standing } = await decide(api, connection.userId, item.requestId, decision);
    if (standing === null) tell(desk, told.standsUnsaid(item.what));
    else tell(desk, told[decided ? "decided" : "stands"](item.what, say(desk, standing)));
    settle(item);
  } catch (error) {
    tell(desk, told.failed(problemOf(error)));
    // Once more, unless there is nothing to decide on.
    item.state = error instanceof ServiceFailure && error.status === 404 ? "later" : "queued";
  }
}

function endAll(desk: Desk): void {
  withdraw(desk);
  for (const item of desk.items) {
    if (isOpen(item)) tell(desk, wordsOf(desk).over(item.what));
    item.state = "settled";
  }
}
