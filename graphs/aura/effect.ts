import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type AuraTool, type ToolContext, ToolError } from "../../tools/tool.ts";
import { TEXTS } from "../state/texts.ts";

/** One tool call of one step. Tool call ids alone repeat on some servers. */
export interface EffectKey {
  threadId: string;
  /** LangGraph task id: equal on resume and retry, new on a replay or fork. */
  taskId: string;
  toolCallId: string;
}

/** What the tool node needs of a ledger (the service's is src/ports/effect-ledger.ts). */
export interface EffectLedger {
  /**
   * Atomically records that the effect begins, unless it has begun before. Durable before it resolves. Rejects when the
   * thread's lease is not the holder's any more.
   */
  begin(key: EffectKey, leaseHolder?: string): Promise<{ state: "new" } | { state: "started" } | Conclusion>;
  /** Stores the outcome (JSON). One that comes after the conclusion changes nothing of it. */
  finish(key: EffectKey, outcome: unknown): Promise<void>;
  /** Closes the entry atomically, so that what is said of the call now stays true. */
  conclude(key: EffectKey): Promise<Conclusion>;
}

type Conclusion = { state: "done"; outcome: unknown } | { state: "ended"; as: "unknown" | "never" };

/** For LangGraph's dev server, which has nowhere to remember. */
export const NO_LEDGER: EffectLedger = Object.freeze({
  begin: async () => ({ state: "new" as const }),
  finish: async () => {},
  conclude: async () => ({ state: "ended" as const, as: "unknown" as const }),
});

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
export async function begin(effect: Effect): Promise<"run" | "unknown" | Outcome> {
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
  await finish(ledger, keyOf(context), outcome);
  // Cut off meanwhile: nobody takes the outcome from here, and the ledger has it for the next attempt.
  context.signal.throwIfAborted();
  return outcome;
}

/** Half a minute in all: a short outage must not turn a known outcome into an unknown one. */
const WAITS_MS: readonly number[] = [50, 100, 200, 400, ...Array.from({ length: 58 }, () => 500)];

/**
 * Stores an outcome, and tries again for a while: it is known here and nowhere else. An abort does not end that -
 * LangGraph aborts a call's siblings when one of them fails, for example because the ledger did not answer - and holds
 * nobody up, because LangGraph does not wait for an aborted call.
 *
 * @param waits ms between the attempts
 */
export async function finish(
  ledger: EffectLedger,
  key: EffectKey,
  outcome: Outcome,
  waits: readonly number[] = WAITS_MS,
): Promise<void> {
  for (const wait of waits) {
    const stored = await ledger.finish(key, outcome).then(
      () => true,
      () => false,
    );
    if (stored) return;
    // A process that is done with everything else does not stay for this.
    await delay(wait, undefined, { ref: false });
  }
  await ledger.finish(key, outcome);
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
