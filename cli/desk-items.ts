import type { RunEvent } from "@aura-platform/client/events.ts";
import { announced, type Standing } from "@aura-platform/client/shapes.ts";
import { standingText } from "./decide.ts";
import { commandFailure } from "./explain.ts";
import { howToDecide } from "./how-to-decide.ts";
import type { Question } from "./question.ts";
import type { Session } from "./session.ts";
import type { Show } from "./show.ts";
import { harmlessLine, nothingHidden } from "./text.ts";
import { WORDS } from "./words.ts";

/** One approval, from its announcement to the last word of its call. */
export interface Item {
  requestId: string;
  /** Null: nothing will tell which event is the last word. */
  toolCallId: string | null;
  /** Names it in a line. */
  what: string;
  event: RunEvent;
  /** Its card has been drawn: once, right above its question. */
  drawn: boolean;
  /** Main Service's record has been looked at, before it was asked about. */
  checked: boolean;
  /** What was typed as its arguments and could not be used; null: nothing. */
  typed: string | null;
  state: "queued" | "asked" | "later" | "decided" | "settled";
}

/** The approvals of a run, and the question that is open. */
export interface Desk {
  session: Session;
  show: Show;
  items: Item[];
  question: Question | null;
}

export const wordsOf = ({ session }: Desk) => WORDS[session.connection.language].told;

/** Nobody has decided it, as far as is known here, and it has not been put off. */
export const isOpen = ({ state }: Item) => state === "queued" || state === "asked";

/**
 * An approval is there. One that takes another's place ends what is asked about that one, and comes where it
 * was.
 */
export function announce(desk: Desk, event: RunEvent): void {
  const { items, show } = desk;
  const { data } = announced.safeParse(event.data);
  // What cannot be asked about is shown as it is.
  if (data === undefined) {
    show.event(event);
    return;
  }
  const { requestId, actionType, toolCallId = null, editOf } = data;
  if (items.some((item) => item.requestId === requestId)) return;
  const what = `${nothingHidden(harmlessLine(actionType))} ${requestId}`;
  const fresh = { drawn: false, checked: false, typed: null, state: "queued" } as const;
  const before = items.findIndex((item) => item.requestId === editOf);
  const item = items[before];
  items.splice(before === -1 ? items.length : before + 1, 0, {
    requestId,
    toolCallId,
    what,
    event,
    ...fresh,
  });
  if (item !== undefined) giveWay(desk, item, requestId);
}

/** Its arguments were edited: what a person may be reading is not what waits any more. */
function giveWay(desk: Desk, item: Item, editedAs: string): void {
  const { told, editedAs: edited } = WORDS[desk.session.connection.language];
  if (item.state === "asked") {
    withdraw(desk);
    tell(desk, told.withdrawn(item.what, edited(editedAs)));
  }
  item.state = "settled";
}

export function putOff(desk: Desk, item: Item): void {
  drawCard(desk, item);
  item.state = "later";
  tell(desk, wordsOf(desk).later(item.what));
  for (const line of howToDecide(desk.session.connection, item.requestId)) desk.show.note(line);
}

export function withdraw(desk: Desk): void {
  desk.question?.close();
  desk.question = null;
}

export function drawCard({ show }: Desk, item: Item): void {
  if (!item.drawn) show.event(item.event);
  item.drawn = true;
}

/** Decided: what is left to come is the last word of its call. */
export function settle(item: Item): void {
  item.state = item.toolCallId === null ? "settled" : "decided";
}

export function tell({ show }: Desk, text: string): void {
  show.note(text, "yellow");
}

export function say({ session }: Desk, standing: Standing): string {
  return standingText(standing, session.connection.language);
}

/** The sentence of what a call was refused with; everything else is thrown again. */
export function problemOf(error: unknown): string {
  const failure = commandFailure(error);
  if (failure === null) throw error;
  return failure.message;
}
