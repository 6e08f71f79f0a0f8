import type { ShownPart } from "@aura-platform/contract/approvals.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { callDigest } from "../../tools/digest.ts";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { TEXTS } from "../state/texts.ts";
import { type CheckOptions, checkTask, showTask } from "./tool-task.ts";

/** The tool of a waiting call with the arguments that a person wants instead. */
interface ChangedCall {
  tool: string;
  /** JSON of any kind. */
  args: unknown;
  toolCallId: string;
  /** The language of the problem and of the question. */
  language: Language;
}

type Examined =
  | {
      ok: true;
      /** The validated arguments: exactly these may run once they are approved. */
      args: Record<string, unknown>;
      /** `callDigest` of tool and arguments. */
      digest: string;
      /** The question for the approver. */
      message: string;
      /** What an event shows of the arguments, where they do not fit whole. */
      shown?: ShownPart;
    }
  /** `problem` is for the person. */
  | { ok: false; problem: string };

const givenArguments = z.record(z.string(), z.unknown());

/**
 * Checks changed arguments as if the model had called the tool with them: there is such a tool, its schema
 * takes them, and they can be shown to an approver. Nothing is done or kept. The approval policy is not
 * asked: it could only make the call ask, and an edited call always asks.
 */
export function examineCall(call: ChangedCall, { registry }: Pick<CheckOptions, "registry">): Examined {
  const { tool: name, toolCallId, language } = call;
  const say = TEXTS[language];
  // Before anything recurses over them.
  if (isValueDeeperThan(call.args, MAX_JSON_DEPTH)) return { ok: false, problem: say.editUnshowable };
  const given = givenArguments.safeParse(call.args);
  if (!given.success) return { ok: false, problem: say.invalidArguments(z.prettifyError(given.error)) };
  const task = { call: { id: toolCallId, name, args: given.data }, language };
  const checked = checkTask(task, registry);
  if (!checked.ok) return { ok: false, problem: checked.problem };
  const shown = showTask(task, checked);
  if (shown === null) return { ok: false, problem: say.editUnshowable };
  return { ok: true, args: checked.args, digest: callDigest(name, checked.args), ...shown };
}
