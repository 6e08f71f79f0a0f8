import { isDeepStrictEqual } from "node:util";
import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { cut } from "../../tools/cut.ts";
import { callDigest } from "../../tools/digest.ts";
import { exactJson } from "../../tools/exact-json.ts";
import { isTextDeeperThan, isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { type ApprovalDecision, ApprovalDecisionError, approvalDecision } from "../state/approval.ts";
import { DECISION_TEXTS } from "../state/decision-texts.ts";
import { examineCall } from "./examine.ts";
import type { CheckOptions } from "./tool-task.ts";

/** The call that a decision is about. */
interface DecidedCall {
  tool: string;
  /** The model's arguments, validated. */
  args: Record<string, unknown>;
  toolCallId: string;
  language: Language;
}

type Json = Record<string, unknown>;

const json = z.record(z.string(), z.unknown());
/** An action as LangChain writes it, or as agent-inbox does. */
const action = z
  .union([z.object({ name: z.string(), args: json }), z.object({ action: z.string(), args: json })])
  .transform((given) => ({ tool: "name" in given ? given.name : given.action, args: given.args }));
type Action = z.output<typeof action>;

const decision = z.discriminatedUnion("type", [
  z.looseObject({ type: z.enum(["approve", "accept"]), args: action.nullish() }),
  z.object({
    type: z.literal("edit"),
    edited_action: action.nullish(),
    editedAction: action.nullish(),
    args: action.nullish(),
  }),
  z.object({ type: z.literal("reject"), message: z.string().nullish() }),
  z.object({ type: z.literal("ignore") }),
  z.object({
    type: z.enum(["respond", "response"]),
    message: z.string().nullish(),
    args: z.string().nullish(),
  }),
]);
type Decision = z.output<typeof decision>;

/** Fields that an approval in LangChain's forms does not have: with one of these something else is meant. */
const NOT_OF_AN_APPROVAL = ["edited_action", "editedAction", "message", "status", "decisions"] as const;

/**
 * Reads the answer to an approval: our own form, LangChain's (`{decisions: [{type: "approve"}]}`),
 * agent-inbox's (`[{type: "accept", args}]`), or one such decision alone. Changed arguments are returned as
 * they were given, once `examineCall` has accepted them.
 *
 * @throws ApprovalDecisionError for anything that is not clearly one decision about this call
 */
export function readDecision(value: unknown, call: DecidedCall, options: CheckOptions): ApprovalDecision {
  const say = DECISION_TEXTS[call.language];
  // Before anything recurses over it.
  if (isValueDeeperThan(value, MAX_JSON_DEPTH)) throw new ApprovalDecisionError(say.tooDeep);
  const form = json.safeParse(value).data;
  if (form !== undefined && "status" in form) return readOurs(form, call, options);
  const given = form !== undefined && "decisions" in form && !("type" in form) ? form.decisions : value;
  const decisions: unknown[] = Array.isArray(given) ? given : [given];
  if (decisions.length !== 1) throw new ApprovalDecisionError(say.count(decisions.length));
  const parsed = decision.safeParse(decisions[0]);
  if (!parsed.success) throw new ApprovalDecisionError(say.unknown, parsed.error);
  const read = translate(parsed.data, call);
  return read.args === undefined ? read : examined(read, call, options);
}

/**
 * Our own form. With a digest it names arguments that were examined before they were approved; without one it
 * was written by hand.
 */
function readOurs(form: Json, call: DecidedCall, options: CheckOptions): ApprovalDecision {
  const say = DECISION_TEXTS[call.language];
  if ("type" in form || "decisions" in form) throw new ApprovalDecisionError(say.contradiction);
  const parsed = approvalDecision.safeParse(form);
  if (!parsed.success) throw new ApprovalDecisionError(say.unknown, parsed.error);
  const read = parsed.data;
  if (read.status === "answered" && !read.reason) throw new ApprovalDecisionError(say.noText);
  const isByHand = read.status === "approved" && read.args !== undefined && read.digest === undefined;
  return isByHand ? examined(read, call, options) : read;
}

function translate(given: Decision, call: DecidedCall): ApprovalDecision {
  const say = DECISION_TEXTS[call.language];
  switch (given.type) {
    case "approve":
    case "accept":
      if (NOT_OF_AN_APPROVAL.some((key) => given[key])) {
        throw new ApprovalDecisionError(say.contradiction);
      }
      if (given.args && !isSameCall(given.args, call)) throw new ApprovalDecisionError(say.otherArguments);
      return { status: "approved" };
    case "edit":
      return { status: "approved", args: editedArguments(given, call) };
    case "reject":
      return { status: "rejected", ...(given.message ? { reason: given.message } : {}) };
    case "ignore":
      return { status: "rejected" };
    case "respond":
    case "response": {
      const text = given.message ?? given.args;
      if (!text) throw new ApprovalDecisionError(say.noText);
      return { status: "answered", reason: text };
    }
  }
}

function editedArguments(
  { edited_action, editedAction, args }: Extract<Decision, { type: "edit" }>,
  call: DecidedCall,
): Json {
  const say = DECISION_TEXTS[call.language];
  const [edit, ...more] = [edited_action, editedAction, args].filter((each) => each != null);
  // LangGraph's SDK sends one edit in both spellings.
  const isOne = edit !== undefined && more.every((each) => isDeepStrictEqual(each, edit));
  if (!isOne) throw new ApprovalDecisionError(say.noEdit);
  if (edit.tool !== call.tool) {
    const named = JSON.stringify(cut(edit.tool, 100));
    throw new ApprovalDecisionError(say.otherTool(JSON.stringify(call.tool), named));
  }
  return asTheyWere(edit.args, call.args);
}

function isSameCall({ tool, args }: Action, call: DecidedCall): boolean {
  return callDigest(tool, asTheyWere(args, call.args)) === callDigest(call.tool, call.args);
}

/**
 * Both user interfaces let people edit arguments that are no text as JSON text, and send that text. It is
 * parsed where the result is of the same kind as the argument was.
 */
function asTheyWere(args: Json, before: Json): Json {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      const was: unknown = Object.getOwnPropertyDescriptor(before, name)?.value;
      if (typeof value !== "string" || was === undefined || typeof was === "string") return [name, value];
      const read = readJson(value);
      return [name, kindOf(read) === kindOf(was) ? read : value];
    }),
  );
}

/** Undefined for what is no JSON. */
function readJson(text: string): unknown {
  try {
    return isTextDeeperThan(text, MAX_JSON_DEPTH) ? undefined : exactJson(text);
  } catch {
    return undefined;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/**
 * Whoever changes the arguments here approves them by the same answer; they have to be valid all the same.
 */
function examined(read: ApprovalDecision, call: DecidedCall, options: CheckOptions): ApprovalDecision {
  const found = examineCall({ ...call, args: read.args }, options);
  if (found.ok) return read;
  throw new ApprovalDecisionError(DECISION_TEXTS[call.language].edit(found.problem));
}
