import type { PendingApproval, Standing } from "@aura-platform/client/shapes.ts";
import { isDecided } from "./decide.ts";
import { announce, type Desk, type Item, problemOf, say, settle, tell, wordsOf } from "./desk-items.ts";
import { edit, editArguments } from "./edit.ts";

/**
 * Lets the person edit the arguments of what is asked about. The edited approval is announced in its place,
 * as the stream will, and asked about anew; in every other case this one is, under its card: an editor has
 * been on the screen meanwhile.
 */
export async function editItem(desk: Desk, item: Item): Promise<void> {
  const { connection, io } = desk.session;
  item.state = "queued";
  item.drawn = false;
  try {
    const approval = await waiting(desk, item);
    if (approval === null) return;
    const { language } = connection;
    const round = await desk.show.away(() => editArguments(approval, item.typed, io.env, language));
    if (round.kind === "unchanged") {
      item.typed = null;
      tell(desk, wordsOf(desk).unchanged(item.what));
    } else if (round.kind === "unusable") {
      notEdited(desk, item, round.problem, round.typed);
    } else {
      item.typed = round.typed;
      await send(desk, item, round.args);
    }
  } catch (error) {
    notEdited(desk, item, problemOf(error), item.typed);
  }
}

/**
 * The approval with all of its arguments, of which an event may show a part; null when it does not wait any
 * more.
 */
async function waiting(desk: Desk, item: Item): Promise<PendingApproval | null> {
  const { api } = desk.session;
  const { items } = await api.approvals();
  const approval = items.find(({ requestId }) => requestId === item.requestId);
  if (approval !== undefined) return approval;
  // Its record may be gone with it: the call's last word is still to come.
  const standing = await api.approvalRecord(item.requestId).catch(() => null);
  tooLate(desk, item, standing !== null && isDecided(standing) ? standing : null);
  return null;
}

function tooLate(desk: Desk, item: Item, standing: Standing | null): void {
  const told = wordsOf(desk);
  if (standing === null) tell(desk, told.cannotEditUnsaid(item.what));
  else tell(desk, told.cannotEdit(item.what, say(desk, standing)));
  settle(item);
}

async function send(desk: Desk, item: Item, args: Record<string, unknown>): Promise<void> {
  const { api, connection } = desk.session;
  const told = wordsOf(desk);
  const attempt = await edit(api, item.requestId, args, connection.language);
  if (attempt.kind === "stands") return tooLate(desk, item, attempt.standing);
  const { approval } = attempt;
  item.typed = null;
  if (approval.requestId === item.requestId) return tell(desk, told.unchanged(item.what));
  tell(desk, told.edited(item.what, approval.requestId));
  item.state = "settled";
  const { toolCallId, event } = item;
  announce(desk, { id: "", runId: event.runId, type: "hitl", data: { ...approval, toolCallId } });
}

function notEdited(desk: Desk, item: Item, problem: string, typed: string | null): void {
  const told = wordsOf(desk);
  item.typed = typed;
  tell(desk, told.notEdited(problem));
  if (typed !== null) tell(desk, told.typedKept);
}
