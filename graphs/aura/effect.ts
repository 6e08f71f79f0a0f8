import { z } from "zod";
import { type AuraTool, type ToolContext, ToolError } from "../../tools/tool.ts";
import { TEXTS } from "../state/texts.ts";
import { type EffectKey, type EffectLedger, storeOutcome } from "./effect-ledger.ts";

/** What came of a tool call, as the ledger keeps it. */
export type Outcome =
  | { ok: true; result: unknown }
  /** `uncertain`: the tool has failed, but may have had its effect. */
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
  /** The holder of the thread's lease, where there are leases: nobody else may begin an effect. */
  leaseHolder: string | undefined;
  report: (error: unknown, where: string) => void;
}

/**
 * Begins the call unless it has begun before. `run`: the tool has to run now. Otherwise the outcome that is
 * known, or `unknown` for a call that was begun and of which nobody knows more; that is the ledger's last
 * word then. Rejects, and the tool must not run, when the ledger does not answer, the thread belongs to
 * another process by now, or the run has been ended meanwhile.
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
 * Runs the tool and stores what came of it. A call that `context.signal` cuts off before the tool has
 * returned stays begun: nobody knows what it had done by then.
 */
export async function carryOut(effect: Effect): Promise<Outcome> {
  const { ledger, context } = effect;
  const outcome = await run(effect);
  await storeOutcome(ledger, keyOf(context), outcome);
  // Cut off meanwhile: the outcome is not used here, and the ledger has it for the next attempt.
  context.signal.throwIfAborted();
  return outcome;
}

async function run({ tool, args, context, report }: Effect): Promise<Outcome> {
  try {
    return { ok: true, result: toJson(await tool.execute(args, context)) };
  } catch (error) {
    // After an abort the failure may only be a consequence of it. But what a tool that must not be repeated
    // says itself of its effect is stored for the next attempt: a mail that was refused is reported as
    // refused.
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
