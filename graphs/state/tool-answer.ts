import { ToolMessage } from "@langchain/core/messages";
import { cut } from "../../tools/cut.ts";
import type { Refusal } from "./texts.ts";

/** A result longer than this is cut for the model; clients get all of it from tool_execution. */
const MAX_ANSWER = 20_000;

/** The call that a message answers. */
export interface AnsweredCall {
  id: string;
  name: string;
  /** The arguments that a person has put in place of the model's: the answer is of the call with these. */
  edited?: Record<string, unknown>;
}

/** The tool ran: its result as JSON text, marked as data where it is not trusted. */
export function resultMessage(call: AnsweredCall, result: unknown, untrusted = false): ToolMessage {
  const json = JSON.stringify(result) ?? "null";
  return untrusted ? answer(call, "success", quoted(json), Infinity) : answer(call, "success", json);
}

/** The tool was not run, or broke off: the error text, marked as data where it is not trusted. */
export function errorMessage(call: AnsweredCall, text: string, untrusted = false): ToolMessage {
  if (untrusted) return answer(call, "error", `ERROR: ${quoted(JSON.stringify(text))}`, Infinity);
  return answer(call, "error", `ERROR: ${text}`);
}

/** The tool failed: our words for it, and the words of another server about it, marked as data. */
export function failureMessage(
  call: AnsweredCall,
  { problem, quoted: said }: { problem: string; quoted?: string },
  untrusted = false,
): ToolMessage {
  if (said === undefined || untrusted)
    return errorMessage(call, failureText({ problem, quoted: said }), untrusted);
  return answer(
    call,
    "error",
    `ERROR: ${shorten(problem, MAX_ANSWER)} ${quoted(JSON.stringify(said))}`,
    Infinity,
  );
}

/** The same for the user. */
export function failureText({
  problem,
  quoted: said,
}: {
  problem: string;
  quoted?: string | undefined;
}): string {
  return said === undefined ? problem : `${problem} (${said})`;
}

/** The block that agentPrompt explains. "<" is escaped so that nothing in the data can close it. */
function quoted(json: string): string {
  return `<tool_data>${shorten(json, MAX_ANSWER).replaceAll("<", "\\u003c")}</tool_data>`;
}

/**
 * The call was not approved: tells the model what happened, in words that keep it from trying again or
 * claiming success. It is also the answer to calls that have not begun when a run is ended from outside
 * (outside.ts).
 */
export function refusalMessage(
  call: AnsweredCall,
  decision: { status: Refusal | "stopped"; reason?: string | undefined },
): ToolMessage {
  const { status, reason } = decision;
  // Nothing has failed when a person has answered instead.
  const [success, label] =
    status === "answered" ? (["success", "Answer"] as const) : (["error", "Reason"] as const);
  const said = reason ? ` ${label}: ${reason}` : "";
  return answer(call, success, `NOT EXECUTED (${status}): ${ADVICE[status]}${said}`);
}

/** The approval was for other arguments: like a refusal. */
export function changedMessage(call: AnsweredCall): ToolMessage {
  return answer(
    call,
    "error",
    "NOT EXECUTED (changed): the approval was for other arguments, so nothing was done. Tell the user so; do not repeat it unless asked.",
  );
}

/** The call is too large to be shown to an approver: like a refusal, and nobody is asked. */
export function unshowableMessage(call: AnsweredCall): ToolMessage {
  return answer(
    call,
    "error",
    "NOT EXECUTED (too large to show): this call needs an approval, and an approver must see every entry of every list and everything that identifies the action, which is more than can be shown at once (15 KB). Nobody was asked and nothing was done. Split it into several calls with fewer entries or shorter arguments each, or tell the user that it cannot be done.",
  );
}

/** The call was begun and then interrupted: it may have taken effect, and must not be repeated. */
export function unknownMessage(call: AnsweredCall): ToolMessage {
  return answer(
    call,
    "error",
    "ERROR: outcome unknown: this call was started and then interrupted; it may or may not have taken effect. It was not run again. Tell the user exactly that, so that they can check; do not repeat it unless the user asks for it.",
  );
}

/** The answer to the call that stands for all calls over the limit. */
export function tooManyCalls(most: number, dropped: number): string {
  return `NOT EXECUTED: at most ${most} calls in one message. The first ${most} were taken; ${dropped} more were dropped, this one among them, and nothing was done for them. Make those that are still needed in your next message.`;
}

/** The answer to a call that a run of an earlier version, or a fork, has left without one. */
export function lostMessage(call: AnsweredCall): ToolMessage {
  return answer(call, "error", "ERROR: this call was interrupted; whether it had an effect is unknown.");
}

const ADVICE: Readonly<Record<Refusal | "stopped", string>> = Object.freeze({
  rejected:
    "the user did not approve this call, so nothing was done. Tell the user so; do not repeat it unless asked.",
  expired: "nobody decided in time, so nothing was done. Tell the user so.",
  superseded: "the user sent a new message instead of deciding, so nothing was done.",
  cancelled: "the run was over before anybody decided, so nothing was done.",
  stopped: "the run was over before this call had begun, so nothing was done.",
  answered:
    "the user did not let this call run and answered it in its place, so nothing was done. Go on with the user's answer.",
});

function answer(
  { id, name, edited }: AnsweredCall,
  status: "success" | "error",
  text: string,
  length = MAX_ANSWER,
): ToolMessage {
  const content = `${edited === undefined ? "" : editNote(edited)}${shorten(text, length)}`;
  return new ToolMessage({ tool_call_id: id, name, status, content: content.toWellFormed() });
}

/**
 * The history has the call with the model's own arguments: this says to which arguments the answer belongs.
 */
function editNote(args: Record<string, unknown>): string {
  return `EDITED: a person changed the arguments of this call on purpose; do not make it again with yours. What follows is of the call with these: ${quoted(JSON.stringify(args))}\n`;
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${cut(text, length)}… (cut)` : text;
}
