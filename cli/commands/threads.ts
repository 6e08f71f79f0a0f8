import type { AuditEntry, Checkpoint, Message, ThreadDetail } from "@aura-platform/client/shapes.ts";
import type { ClientMessage } from "@aura-platform/contract/messages.ts";
import { approvalText } from "../approval-text.ts";
import { knownWord } from "../known-word.ts";
import type { Session } from "../session.ts";
import { stepRow } from "../steps.ts";
import { tableOf, timeOf } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { harmless, harmlessLine, oneLine } from "../text.ts";

/** `threads`: the caller's, newest first. */
export async function threads(
  session: Session,
  options: { limit: number; status?: string | undefined; all?: boolean | undefined },
): Promise<void> {
  const limit = options.all ? Number.POSITIVE_INFINITY : options.limit;
  const page = await session.api.threads(limit, options.status);
  session.print(page, () => {
    if (page.items.length === 0) return "no threads";
    const rows = page.items.map(({ threadId, status, pendingApprovals, updatedAt, title }) => [
      threadId,
      status,
      pendingApprovals === 0 ? "-" : `${pendingApprovals}`,
      timeOf(updatedAt),
      title,
    ]);
    return tableOf(session.out, ["THREAD", "STATUS", "WAITING", "UPDATED", "TITLE"], rows);
  });
  if (page.nextCursor !== undefined && !session.json) session.notice("there are more: --limit, or --all");
}

/** `show`: what was said, planned and done on a thread, and what waits. */
export async function show(session: Session, threadId: string): Promise<void> {
  const thread = await session.api.thread(threadId);
  session.print(thread, () => threadText(session, thread));
}

/** `history`: a thread's checkpoints, newest first. */
export async function history(
  session: Session,
  threadId: string,
  options: { limit: number; values?: boolean | undefined },
): Promise<void> {
  const values = options.values === true;
  const page = await session.api.history(threadId, options.limit, values);
  session.print(page, () => {
    if (values) return page.items.map((item) => checkpointText(session.out, item)).join("\n\n");
    const rows = page.items.map((item) => [
      item.checkpointId,
      `${item.step}`,
      item.source,
      timeOf(item.createdAt),
      nextOf(item),
      item.changed.map(({ key, bytes }) => `${key} ${bytes} B`).join(", "),
    ]);
    return tableOf(session.out, ["CHECKPOINT", "STEP", "SOURCE", "CREATED", "NEXT", "CHANGED"], rows);
  });
  if (page.nextCursor !== undefined && !session.json) session.notice("there are more: --limit");
}

/** `audit`: who decided what, and what came of it; oldest first. */
export async function audit(session: Session, threadId: string): Promise<void> {
  const page = await session.api.audit(threadId);
  session.print(page, () =>
    page.items.length === 0
      ? "nothing was proposed on this thread"
      : page.items.map((entry) => auditText(session.out, entry)).join("\n\n"),
  );
}

/** `approvals`: what waits for the caller's decision, on any thread. */
export async function approvals(session: Session): Promise<void> {
  const page = await session.api.approvals();
  session.print(page, () =>
    page.items.length === 0
      ? "nothing waits for your decision"
      : page.items.map((approval) => approvalText(session, approval)).join("\n\n"),
  );
}

function threadText(session: Session, thread: ThreadDetail): string {
  const { out } = session;
  const { forkedFrom } = thread;
  const heading = (text: string) => ["", out.style("bold", text)];
  const runs = thread.runs.map(({ runId, status, updatedAt, prompt, error }) => [
    runId,
    status,
    timeOf(updatedAt),
    error === undefined ? prompt : `${prompt} - ${error.errorCode}: ${error.message}`,
  ]);
  return [
    out.style("bold", harmlessLine(thread.title)),
    `${thread.threadId}  ${harmlessLine(thread.status ?? "-")}  ${timeOf(thread.createdAt)} to ${timeOf(thread.updatedAt)}`,
    ...(forkedFrom === undefined
      ? []
      : [harmlessLine(`forked from ${forkedFrom.threadId} at ${forkedFrom.checkpointId}`)]),
    ...(thread.importedAt === undefined
      ? []
      : [`imported ${timeOf(thread.importedAt)}: what is older is what the file said`]),
    ...heading("Conversation"),
    ...thread.messages.flatMap((message) => messageLines(out, message)),
    ...(thread.planSteps.length === 0 ? [] : heading("Plan")),
    ...thread.planSteps.map(stepRow).map(({ text, style }) => out.style(style, text)),
    ...heading("Runs"),
    tableOf(out, ["RUN", "STATUS", "UPDATED", "PROMPT"], runs),
    ...(thread.pendingApprovals.length === 0 ? [] : heading("Waiting for a decision")),
    ...thread.pendingApprovals.map((approval) => approvalText(session, approval)),
  ].join("\n");
}

/** A tool is told with its name. */
type Speaker = Exclude<ClientMessage["role"], "tool">;
const SPEAKERS: Readonly<Record<Speaker, string>> = Object.freeze({ user: "user", assistant: "aura" });

function messageLines(out: Terminal, message: Message): string[] {
  const speaker = knownWord(SPEAKERS, message.role) ?? `${message.role} ${message.name ?? ""}`.trim();
  const failed = message.status === "error";
  const indented = (text: string) => text.split("\n").join("\n      ");
  const said =
    message.content === ""
      ? []
      : [
          `${out.style(failed ? "red" : "cyan", harmlessLine(speaker))}: ${indented(harmless(message.content))}`,
        ];
  const calls = (message.toolCalls ?? []).map(({ name, args }) =>
    out.style("dim", `${harmlessLine(speaker)} → ${harmlessLine(name)} ${oneLine(args)}`),
  );
  return [...said, ...calls];
}

function nextOf({ next, interrupts }: Checkpoint): string {
  const nodes = next.length === 0 ? "(end)" : next.join(", ");
  return interrupts.length === 0 ? nodes : `${nodes} (waits: ${interrupts.length})`;
}

function checkpointText(out: Terminal, item: Checkpoint): string {
  return [
    out.style("bold", harmlessLine(item.checkpointId)),
    harmlessLine(`step ${item.step}  ${item.source}  ${timeOf(item.createdAt)}  next: ${nextOf(item)}`),
    ...item.changed.map(({ key, bytes, value }) => `  ${harmlessLine(key)} (${bytes} B): ${oneLine(value)}`),
  ].join("\n");
}

/** A signal alone decides, and names nobody; so does the end of a run. */
const NOBODY = "nobody who is named";

function auditText(out: Terminal, entry: AuditEntry): string {
  const { outcome, effectiveArguments, proposedArguments: proposed, editOf, lateDecision: late } = entry;
  const came = outcome.error ?? outcome.result;
  const began = `${editOf === undefined ? "proposed" : "edited"} ${timeOf(entry.proposedAt)}`;
  return [
    `${out.style("bold", harmlessLine(entry.requestId))}  ${harmlessLine(entry.tool)}  ${began}`,
    ...(entry.imported === true
      ? ["  imported: all of this is what the file said; nobody here has seen it"]
      : []),
    ...(editOf === undefined
      ? []
      : [`  edited:   by ${harmlessLine(`${entry.editedBy ?? NOBODY}, in place of ${editOf}`)}`]),
    `  ${harmlessLine(entry.message)}`,
    ...(proposed === undefined ? [] : [`  proposed: ${oneLine(proposed)}`]),
    `  ${editOf === undefined ? "proposed:" : "became:  "} ${oneLine(entry.arguments)}`,
    `  decision: ${harmlessLine(decisionOf(entry))}`,
    ...(late === undefined
      ? []
      : [
          `  too late: ${harmlessLine(`${late.status} by ${late.decidedBy ?? NOBODY} at ${timeOf(late.at)}`)}`,
        ]),
    ...(effectiveArguments === null ? [] : [`  ran with: ${oneLine(effectiveArguments)}`]),
    `  outcome:  ${harmlessLine(outcome.state)}${came === undefined || came === null ? "" : ` - ${oneLine(came)}`}`,
  ].join("\n");
}

function decisionOf({ status, decidedAt, decidedBy, reason, editedAs }: AuditEntry): string {
  if (decidedAt === undefined) return status;
  // Who has edited it stands with what has taken its place.
  if (editedAs !== undefined) return `none: edited at ${timeOf(decidedAt)}, ${editedAs} has taken its place`;
  return `${status} by ${decidedBy ?? NOBODY} at ${timeOf(decidedAt)}${reason === undefined ? "" : `: ${reason}`}`;
}
