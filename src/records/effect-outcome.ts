import { z } from "zod";

const outcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({
    ok: z.literal(false),
    problem: z.string(),
    quoted: z.string().exactOptional(),
    uncertain: z.literal(true).exactOptional(),
  }),
]);

/** What came of a call that was run. */
export type EffectOutcome =
  | { outcome: "completed"; result: unknown }
  | { outcome: "failed"; problem: string }
  | { outcome: "unknown"; problem?: string };

/**
 * An outcome as the graph's tool node leaves it in the ledger (graphs/aura/effect.ts); what cannot be read is
 * unknown.
 */
export function readOutcome(stored: unknown): EffectOutcome {
  const parsed = outcome.safeParse(stored);
  if (!parsed.success) return { outcome: "unknown" };
  if (parsed.data.ok) return { outcome: "completed", result: parsed.data.result };
  const { problem, quoted, uncertain } = parsed.data;
  // In the words of graphs/state/tool-answer.ts: what is said later must be what was said.
  const text = quoted === undefined ? problem : `${problem} (${quoted})`;
  return { outcome: uncertain ? "unknown" : "failed", problem: text };
}
