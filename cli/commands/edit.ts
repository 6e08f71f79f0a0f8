import { ServiceFailure } from "@aura-platform/client/failures.ts";
import type { PendingApproval, Standing } from "@aura-platform/client/shapes.ts";
import { approvalText } from "../approval-text.ts";
import { isDecided, standingText } from "../decide.ts";
import { type EditAttempt, type EditorRound, edit, editArguments, readArguments } from "../edit.ts";
import { commandFailure, explain } from "../explain.ts";
import { CommandFailure, UsageFailure } from "../failure.ts";
import { CALL } from "../how-to-decide.ts";
import { askToEditAgain } from "../question.ts";
import { nameOf, readDocument } from "../read-document.ts";
import { createScreen, type Screen } from "../screen.ts";
import type { Session } from "../session.ts";
import { harmlessLine } from "../text.ts";
import { WORDS } from "../words.ts";
import { NOT_FOUND, STANDS_OTHERWISE } from "./decide.ts";

/** The arguments, where no person is to type them. */
export interface EditOptions {
  /** JSON. */
  arguments?: string | undefined;
  /** Its path; `-` is stdin. */
  file?: string | undefined;
}

/**
 * `edit`: another approval takes the place of one that waits, with other arguments, and is shown whole. They
 * come from the options, or else from the person's editor.
 */
export async function editApproval(session: Session, requestId: string, options: EditOptions): Promise<void> {
  const args = await givenArguments(session, options);
  if (args !== null) return tell(session, requestId, await send(session, requestId, args));
  if (!session.canAsk) {
    throw new UsageFailure(
      `no terminal to edit in: give all of the arguments, with --arguments '<json>' or --file <path> (-: stdin); the present ones: ${CALL} approvals --json`,
    );
  }
  await editAtTerminal(session, await waiting(session, requestId));
}

async function givenArguments(
  { io, connection }: Session,
  { arguments: json, file }: EditOptions,
): Promise<Record<string, unknown> | null> {
  const source = json === undefined ? file : "--arguments";
  if (source === undefined) return null;
  const read = readArguments(json ?? (await readDocument(source, io.stdin)), connection.language);
  if ("args" in read) return read.args;
  if (json !== undefined) throw new UsageFailure(`${source}: ${read.problem}`);
  throw new CommandFailure(`${nameOf(source, io.stdin)}: ${read.problem}`, 1);
}

/**
 * Until an edit is through, nothing is changed, or the person leaves it: what was typed is not lost before.
 */
async function editAtTerminal(session: Session, approval: PendingApproval): Promise<void> {
  const { requestId } = approval;
  const { language } = session.connection;
  const screen = createScreen(session.out);
  session.noticeOnScreen(screen.line);
  const openFrom = (text: string | null) =>
    screen.away(() => editArguments(approval, text, session.io.env, language));
  let typed: string | null = null;
  for (;;) {
    const round: EditorRound = await openFrom(typed);
    if (round.kind === "unchanged") return session.out.write(`${WORDS.en.told.unchanged(requestId)}\n`);
    const result =
      round.kind === "changed"
        ? await send(session, requestId, round.args).catch(retriable)
        : new CommandFailure(round.problem, 1);
    if (!(result instanceof CommandFailure)) return tell(session, requestId, result);
    typed = round.typed;
    if (typed === null) throw result;
    await askAgain(session, screen, requestId, result);
  }
}

/** Returns what another try may mend; everything else is thrown again. */
function retriable(error: unknown): CommandFailure {
  const failure = commandFailure(error);
  const isFinal = failure?.exitCode === STANDS_OTHERWISE || failure?.exitCode === NOT_FOUND;
  if (failure === null || isFinal) throw error;
  return failure;
}

async function askAgain({ io, connection }: Session, screen: Screen, what: string, failure: CommandFailure) {
  screen.line(harmlessLine(WORDS[connection.language].told.notEdited(failure.message)));
  const answer = await askToEditAgain(what, io.stdin, connection.language, screen.prompt);
  screen.settle();
  if (answer === "edit") return;
  if (answer === "interrupted") throw new CommandFailure("stopped; nothing was changed", 130);
  throw new CommandFailure(`${what} waits as it was: ${failure.message}`, failure.exitCode, failure);
}

async function send(
  { api, connection }: Session,
  requestId: string,
  args: Record<string, unknown>,
): Promise<PendingApproval> {
  const attempt: EditAttempt = await edit(api, requestId, args, connection.language).catch(
    (error: unknown) => {
      if (error instanceof ServiceFailure && error.status === 404) throw notFound(requestId, error);
      throw error;
    },
  );
  if (attempt.kind === "stands") throw tooLate(requestId, attempt.standing);
  return attempt.approval;
}

/** The approval with all of its arguments. */
async function waiting({ api }: Session, requestId: string): Promise<PendingApproval> {
  const { items } = await api.approvals();
  const approval = items.find((each) => each.requestId === requestId);
  if (approval !== undefined) return approval;
  const standing = await api.approvalRecord(requestId).catch((error: unknown) => {
    if (error instanceof ServiceFailure && error.status === 404) throw notFound(requestId, error);
    throw error;
  });
  throw tooLate(requestId, isDecided(standing) ? standing : null);
}

function tell(session: Session, requestId: string, approval: PendingApproval): void {
  const edited = approval.requestId !== requestId;
  const { told } = WORDS.en;
  session.print({ ...approval, edited }, () =>
    edited
      ? `${told.edited(requestId, approval.requestId)}\n${approvalText(session, approval)}`
      : `${requestId} has these arguments already`,
  );
}

function tooLate(requestId: string, standing: Standing | null): CommandFailure {
  const { cannotEdit, cannotEditUnsaid } = WORDS.en.told;
  const said =
    standing === null ? cannotEditUnsaid(requestId) : cannotEdit(requestId, standingText(standing, "en"));
  return new CommandFailure(said, STANDS_OTHERWISE);
}

function notFound(requestId: string, error: ServiceFailure): CommandFailure {
  return new CommandFailure(
    `${explain(error).message} - no approval ${requestId} waits for you`,
    NOT_FOUND,
    error,
  );
}
