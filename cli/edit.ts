import { isDeepStrictEqual } from "node:util";
import type { AuraApi } from "@aura-platform/client/api.ts";
import { ConnectionFailure } from "@aura-platform/client/failures.ts";
import type { PendingApproval, Standing } from "@aura-platform/client/shapes.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { mayHaveArrived } from "./decide.ts";
import { type EditorFailure, openEditor } from "./editor.ts";
import { explain } from "./explain.ts";
import { CommandFailure } from "./failure.ts";
import { findJsonFault } from "./json-fault.ts";
import { clip, harmlessLine, nothingHidden, openJson } from "./text.ts";
import { WORDS } from "./words.ts";

/** What has come of an edit that was sent. */
export type EditAttempt =
  /** This one waits now; it is the same as before when the arguments are. */
  | { kind: "waits"; approval: PendingApproval }
  /** It is too late. Null: the service does not say what stands. */
  | { kind: "stands"; standing: Standing | null };

/**
 * Sends an edit. Sent twice it is one, so an answer that is lost on its way is asked for once more. Rejects
 * with a CommandFailure, or with a ClientFailure: a ServiceFailure of status 404 when there is no such
 * approval, of 400 when the call could not run with these arguments.
 */
export async function edit(
  api: Pick<AuraApi, "edit">,
  requestId: string,
  args: Record<string, unknown>,
  language: Language,
): Promise<EditAttempt> {
  const { tooOften, notKnown } = WORDS[language].editing;
  const send = () => api.edit(requestId, args);
  const once = (error: unknown) => {
    if (error instanceof ConnectionFailure && mayHaveArrived(error)) return send();
    throw error;
  };
  const { approval, refusal } = await send()
    .catch(once)
    .catch((error: unknown) => {
      if (!mayHaveArrived(error)) throw error;
      const { message, exitCode } = explain(error);
      throw new CommandFailure(notKnown(message), exitCode, error);
    });
  if (approval !== null) return { kind: "waits", approval };
  if (refusal?.status !== "pending") return { kind: "stands", standing: refusal };
  throw new CommandFailure(tooOften(refusal.edits ?? 0), 1);
}

/** What a person has left in the editor. `typed` is what the next try begins with; null: the arguments. */
export type EditorRound =
  | { kind: "changed"; args: Record<string, unknown>; typed: string }
  | { kind: "unchanged" }
  | { kind: "unusable"; problem: string; typed: string | null };

/**
 * Opens all arguments of a call in the person's editor.
 *
 * @param typed what was typed before, where that could not be used
 */
export async function editArguments(
  { requestId, context }: Pick<PendingApproval, "requestId" | "context">,
  typed: string | null,
  env: NodeJS.ProcessEnv,
  language: Language,
): Promise<EditorRound> {
  const begun = typed ?? `${openJson(context)}\n`;
  const { text, failure } = await openEditor(begun, `${harmlessLine(requestId)}.json`, env);
  const left = text ?? begun;
  if (failure !== null) {
    return { kind: "unusable", problem: problemOf(failure, language), typed: left === begun ? typed : left };
  }
  // An emptied text is how editors are left without a result.
  if (left.trim() === "") return { kind: "unchanged" };
  const read = readArguments(left, language);
  if (!("args" in read)) return { kind: "unusable", problem: read.problem, typed: left };
  if (isDeepStrictEqual(read.args, context)) return { kind: "unchanged" };
  return { kind: "changed", args: read.args, typed: left };
}

/** As it is: what cannot be sent is the service's to refuse. */
const object = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

/** Columns of a broken line that are shown. */
const SHOWN = 40;

/** The arguments in a text; or what is wrong with it, and where, in one harmless line. */
export function readArguments(
  text: string,
  language: Language,
): { args: Record<string, unknown> } | { problem: string } {
  const { notJson, notAnObject } = WORDS[language].editing;
  const fault = findJsonFault(text);
  if (fault !== null) {
    const rest = clip(nothingHidden(harmlessLine(fault.rest)), SHOWN);
    return { problem: notJson(fault.line, fault.column, rest) };
  }
  const { data: args } = object.safeParse(JSON.parse(text));
  return args === undefined ? { problem: notAnObject } : { args };
}

function problemOf(failure: EditorFailure, language: Language): string {
  const { missing, ended } = WORDS[language].editing;
  if (failure.kind === "unreadable") return failure.problem;
  const editor = harmlessLine(failure.editor);
  return failure.kind === "missing" ? missing(editor) : ended(editor, failure.how);
}
