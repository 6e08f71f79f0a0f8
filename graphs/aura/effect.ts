import { z } from "zod";
import { type AuraTool, type ToolContext, ToolError } from "../../tools/tool.ts";
import { TEXTS } from "../state/texts.ts";
import { type EffectKey, type EffectLedger, storeOutcome } from "./effect-ledger.ts";

/** What came of a tool call, as the ledger keeps it. */
export type Outcome =
  | { ok: true; result: unknown }
  /** `uncertain`: the tool has failed, and may have had its effect all the same. */
  | { ok: false; problem: string; quoted?: string; uncertain?: true };

const storedOutcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({
    ok: z.literal(false),
    problem: z.string(),
    quoted: z.string().exactOptional(),
    uncertain: z.literal(true).exactOptional(),
  }),
]);

/** One call of one tool that is about to take effect. */
export interface Effect {
  tool: AuraTool;
  args: Record<string, unknown>;
  context: ToolContext;
  ledger: EffectLedger;
  /** Who works on the thread, where that is known: nobody else may begin an effect. */
  leaseHolder: string | undefined;
  report: (error: unknown, where: string) => void;
}

/**
 * Whether the tool is to run now; if not, what came of it before - `unknown` when it was begun and nobody knows
 * more, which is the ledger's last word then. Rejects, and the tool must not run, when the ledger does not answer, the thread
 * is somebody else's by now, or the run has been wound up meanwhile.
 */
export async function beginOnce(effect: Effect): Promise<"run" | "unknown" | Outcome> {
  const { tool, context, ledger, leaseHolder, report } = effect;
  context.signal.throwIfAborted();
  const key = keyOf(context);
  const begun = await ledger.begin(key, leaseHolder);
  if (begun.state === "new" || (begun.state === "started" && tool.idempotent === true)) return "run";
  const standing = begun.state === "started" ? await ledger.conclude(key) : begun;
  if (standing.state === "ended") {
    if (standing.as === "never") throw new Error("the run of this call is over");
    return "unknown";
  }
  const stored = storedOutcome.safeParse(standing.outcome);
  if (stored.success) return stored.data;
  report(stored.error, `stored outcome of ${tool.name}`);
  return "unknown";
}

/**
 * Runs the tool and stores what came of it. A call that is cut off by `context.signal` before the tool itself
 * knows stays begun: what it had done by then, nobody knows.
 */
export async function carryOut(effect: Effect): Promise<Outcome> {
  const { ledger, context } = effect;
  const outcome = await run(effect);
  await storeOutcome(ledger, keyOf(context), outcome);
  // Cut off meanwhile: nobody takes the outcome from here, and the ledger has it for the next attempt.
  context.signal.throwIfAborted();
  return outcome;
}

async function run({ tool, args, context, report }: Effect): Promise<Outcome> {
  try {
    return { ok: true, result: toJson(await tool.execute(args, context)) };
  } catch (error) {
    // Cut off: the failure may be that of the cut. What a tool itself says of an effect that is not repeated
    // is kept, though nobody takes it from here: a mail that was refused is told as refused.
    if (!(error instanceof ToolError) || tool.idempotent === true) context.signal.throwIfAborted();
    if (error instanceof ToolError) {
      const { message: problem, quoted, uncertain } = error;
      const told = { problem, ...(quoted === undefined ? {} : { quoted }) };
      return { ok: false, ...told, ...(uncertain ? { uncertain } : {}) };
    }
    report(error, `tool ${tool.name}`);
    return { ok: false, problem: TEXTS[context.language].toolBroke(tool.name) };
  }
}

/** The tool has run, so a result that is not JSON must not turn into a failure. */
function toJson(result: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(result) ?? "null");
  } catch {
    return String(result);
  }
}

function keyOf({ threadId, taskId, toolCallId }: ToolContext): EffectKey {
  return { threadId, taskId, toolCallId };
}
