import type { PlanStep } from "@aura-platform/contract/agent-step.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { checkArguments } from "../../tools/arguments.ts";
import type { ToolRegistry } from "../../tools/registry.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { TEXTS } from "../state/texts.ts";
import { tooManyCalls } from "../state/tool-answer.ts";
import type { Effect } from "./effect.ts";
import { type ShownCall, showCall } from "./show-call.ts";

/** One tool call of a turn, as `Send` hands it to its task. */
export interface ToolTask {
  call: { id: string; name: string; args: Record<string, unknown> };
  language: Language;
  /** The plan's step that the call carries out. */
  step?: PlanStep;
  /** Why the arguments could not be read. */
  malformed?: string;
  /** The message had more calls than `most`. This one stands for all that were dropped, including itself. */
  excess?: { most: number; dropped: number };
  /**
   * The policy asked for an approval when the call was made. That stays so, whatever the policy says when the
   * decision comes: a call that was rejected must not run because its tool has been changed to need no
   * approval.
   */
  asks?: boolean;
  /** It needs an approval, and is too large to be shown to an approver. */
  unshowable?: boolean;
}

/** What checking a call needs. */
export interface CheckOptions {
  registry: ToolRegistry;
  report: (error: unknown, where: string) => void;
}

/**
 * Whether a new call has to be approved before it runs, and whether it can be shown to an approver. Decided
 * once, and kept with the call: a call about which somebody was asked, and which was perhaps done, must not
 * be refused later by another rule.
 */
export function approvalOf(
  task: ToolTask,
  { registry, report }: CheckOptions,
): Pick<ToolTask, "asks" | "unshowable"> {
  const checked = checkTask(task, registry);
  if (!checked.ok || !needsApproval(checked.tool, checked.args, report)) return {};
  return showTask(task, checked) === null ? { asks: true, unshowable: true } : { asks: true };
}

export function showTask(
  { call, language }: ToolTask,
  { tool, args }: Pick<Effect, "tool" | "args">,
): ShownCall | null {
  return showCall({ tool, args, toolCallId: call.id, language });
}

type Checked =
  | { ok: true; tool: AuraTool; args: Record<string, unknown> }
  /** `quoted`: what is wrong with the arguments, in the words of a schema that is not ours. */
  | { ok: false; problem: string; forModel: string; quoted?: string };

export function checkTask({ call, malformed, excess, language }: ToolTask, registry: ToolRegistry): Checked {
  const say = TEXTS[language];
  if (excess !== undefined) {
    const { most, dropped } = excess;
    return { ok: false, problem: say.tooManyCalls(most, dropped), forModel: tooManyCalls(most, dropped) };
  }
  const tool = registry.get(call.name);
  if (tool === undefined) {
    const reason = registry.whyMissing(call.name, language);
    if (reason !== undefined) {
      const forModel = registry.whyMissing(call.name, "en") ?? reason;
      return { ok: false, problem: reason, forModel };
    }
    const names = registry.tools.map(({ name }) => name).join(", ") || "none";
    return {
      ok: false,
      problem: say.unknownTool(call.name),
      forModel: `${TEXTS.en.unknownTool(call.name)}. Tools: ${names}`,
    };
  }
  const invalid = (problem: string, untrusted: boolean): Checked => ({
    ok: false,
    problem: say.invalidArguments(problem),
    ...(untrusted
      ? { forModel: "The tool's arguments are not valid, and it was not run.", quoted: problem }
      : { forModel: `${TEXTS.en.invalidArguments(problem)}. The tool was not run.` }),
  });
  if (malformed !== undefined) return invalid(malformed, false);
  const parsed = checkArguments(tool.schema, call.args);
  if (parsed.success) return { ok: true, tool, args: parsed.data };
  return invalid(z.prettifyError(parsed.error), tool.untrusted === true);
}

/** A policy that throws means: ask. */
export function needsApproval(
  tool: AuraTool,
  args: Record<string, unknown>,
  report: CheckOptions["report"],
): boolean {
  if (tool.approval === "never") return false;
  if (tool.approval === "always") return true;
  try {
    return tool.approval(args);
  } catch (error) {
    report(error, `approval policy of ${tool.name}`);
    return true;
  }
}
