import { createHash } from "node:crypto";
import type { Language } from "@aura-platform/contract/languages.ts";
import type { Logger } from "pino";
import { AuraError } from "../errors.ts";
import type { PortsOf } from "../ports/backend.ts";
import type { Examined } from "../ports/call-examination.ts";
import type { ApprovalRecord } from "../records/approval.ts";
import type { Owner } from "../records/run.ts";
import { isOwnedBy } from "../records/run.ts";
import { cutTextIn } from "./cut-text.ts";
import { withId } from "./open.ts";
import { standingDecision } from "./published-request.ts";

type ExamineDeps = PortsOf<{ examination: "ask"; threads: "run" }>;

export interface EditDeps
  extends ExamineDeps,
    PortsOf<{ approvals: "get" | "replace" | "publishedRequest"; queue: "enqueue" }> {
  logger: Logger;
  /** Unix ms. */
  now: () => number;
  /** How long the edited approval waits for a decision, in ms. */
  approvalTtlMs: number;
}

type PublishedDeps = PortsOf<{ approvals: "publishedRequest" }> & Pick<EditDeps, "now">;

/** What a person wants of a call that waits for a decision. */
export interface Edit {
  requestId: string;
  /** All of them: what is left out is not there any more. */
  arguments: Record<string, unknown>;
  /** In which the person is answered. */
  language: Language;
}

/** Each edit is a record and an event of its own: nobody needs that many for one call. */
export const MAX_EDITS = 32;

/**
 * Puts another approval, with the changed arguments, in the place of one that waits. It is decided like any
 * other; the first one's `hitl:request` says that it is no more. Nothing changes when the arguments are the
 * same, and an edit that is sent twice gives the same approval twice.
 *
 * @returns the approval that waits then
 * @throws AuraError E1004 when it is not the owner's; E3006 when it is decided, E3002 when it cannot be
 *   edited any more, with what stands; E4000 when the call could not run with these arguments, cannot be
 *   shown, or keeps a text of which only a part was shown
 */
export async function editApproval(deps: EditDeps, owner: Owner, edit: Edit): Promise<ApprovalRecord> {
  const { requestId, language } = edit;
  const record = await deps.approvals.get(requestId);
  if (record === null || !isOwnedBy(record, owner)) throw new AuraError("E1004");
  const at = deps.now();
  refuseUneditable(record, at);
  const examined = await examine(deps, record, edit);
  if (record.status !== "pending") return sameEdit(deps, record, examined.digest);
  if (examined.digest === record.digest) {
    await refuseDecidedAtMain(deps, record);
    return record;
  }
  const edited = editedRecord(record, examined, owner.userId, at, deps.approvalTtlMs);
  const result = await deps.approvals.replace(requestId, edited);
  if (result === null) throw new AuraError("E1004");
  if (result.kind === "stands") {
    if (result.record.status !== "pending") return sameEdit(deps, result.record, examined.digest);
    await refuseDecidedAtMain(deps, result.record);
    // Its hitl:request names another tenant, or was read too early.
    throw refusal("E3002", standingOf(result.record));
  }
  const { threadId, runId } = record;
  const { userId: editedBy } = owner;
  deps.logger.info(
    { sessionId: threadId, runId, requestId, editedAs: edited.requestId, editedBy, language },
    "approval edited",
  );
  await deps.queue.enqueue(record, "begun");
  return result.record;
}

function refuseUneditable(record: ApprovalRecord, at: number): void {
  const { status, editedAs, expiresAt, edits = 0 } = record;
  // One that was edited is not refused here: its edit may be this one, sent twice.
  if (status !== "pending" && editedAs === undefined) throw notPending(record);
  if (status === "pending" && at >= expiresAt) throw notPending({ ...record, status: "expired" });
  if (status === "pending" && edits >= MAX_EDITS)
    throw refusal("E3002", { ...standingOf(record), edits: MAX_EDITS });
}

async function examine(
  deps: ExamineDeps,
  record: ApprovalRecord,
  { arguments: args, language }: Edit,
): Promise<Examined & { ok: true }> {
  const cut = cutTextIn(record, args);
  if (cut !== undefined) throw invalid(`arguments/${cut}`, PARTLY_SHOWN[language](record.requestId));
  const { actionType: tool, toolCallId } = record;
  const ask = (of: Language) => deps.examination.ask({ tool, args, toolCallId, language: of });
  // The new question is asked in the run's language; what is wrong is said in the editor's.
  const ofRun = (await deps.threads.run(record.runId))?.language ?? language;
  const examined = await ask(ofRun);
  if (examined.ok) return examined;
  const told = ofRun === language ? examined : await ask(language);
  throw invalid("arguments", told.ok ? examined.problem : told.problem);
}

const PARTLY_SHOWN: Readonly<Record<Language, (requestId: string) => string>> = Object.freeze({
  ko: (requestId) =>
    `이 내용은 일부만 표시되었으므로 부분적으로 수정할 수 없습니다. 전체는 ${requestId} 요청에 있습니다.`,
  en: (requestId) =>
    `Only a part of this text was shown, so it cannot be edited in part. The whole is in the request ${requestId}.`,
});

function editedRecord(
  record: ApprovalRecord,
  { args, digest, message, shown }: Examined & { ok: true },
  editedBy: string,
  at: number,
  ttlMs: number,
): ApprovalRecord {
  const { shown: _shown, lateDecision: _late, decidedAt: _at, ...kept } = record;
  const requestId = editedId(record, digest);
  return {
    ...kept,
    ...{ requestId, context: args, digest, message },
    ...(shown === undefined ? {} : { shown: { ...shown, notice: withId(shown.notice, requestId) } }),
    ...{ editOf: record.requestId, editedBy, edits: (record.edits ?? 0) + 1 },
    ...{ createdAt: at, expiresAt: at + ttlMs },
  };
}

/** Equal for equal edits of one approval, so that an edit which is sent twice is one. */
function editedId({ requestId }: ApprovalRecord, digest: string): string {
  const key = JSON.stringify([requestId, digest]);
  return `req-${createHash("sha256").update(key).digest("hex").slice(0, 32)}`;
}

/** The same edit, made already, has its answer; everything else is told what stands. */
async function sameEdit(
  deps: PortsOf<{ approvals: "get" }>,
  record: ApprovalRecord,
  digest: string,
): Promise<ApprovalRecord> {
  const { editedAs } = record;
  if (editedAs !== undefined && editedAs === editedId(record, digest)) {
    const edited = await deps.approvals.get(editedAs);
    if (edited?.status === "pending") return edited;
  }
  throw notPending(record);
}

function notPending(record: ApprovalRecord): AuraError {
  const isDecided = record.status === "approved" || record.status === "rejected";
  return refusal(isDecided ? "E3006" : "E3002", standingOf(record));
}

/** Main Service has told its user what it decided: nothing else may be said of it here. */
async function refuseDecidedAtMain(deps: PublishedDeps, record: ApprovalRecord): Promise<void> {
  const text = await deps.approvals.publishedRequest(record.requestId);
  const decision = standingDecision(text, record.tenantId, deps.now());
  if (decision !== null) throw notPending({ ...record, ...decision });
}

function standingOf({ requestId, threadId, status, reason, decidedBy, editedAs }: ApprovalRecord) {
  return {
    ...{ requestId, sessionId: threadId, status },
    ...(reason === undefined ? {} : { reason }),
    ...(decidedBy === undefined ? {} : { decidedBy }),
    ...(editedAs === undefined ? {} : { editedAs }),
  };
}

function refusal(code: "E3002" | "E3006", data: Record<string, unknown>): AuraError {
  return new AuraError(code, { data, detail: "the approval cannot be edited" });
}

function invalid(path: string, message: string): AuraError {
  return new AuraError("E4000", { data: { issues: [{ path, message }] }, detail: "edit refused" });
}
