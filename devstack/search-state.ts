import { type KnowledgeState, readiness } from "@aura-platform/contract/health.ts";
import { open } from "@aura-platform/contract/reading.ts";
import { z } from "zod";

const ready = z.object({ data: open(readiness).pick({ knowledge: true }) });

/** The page waits for it. */
const PATIENCE_MS = 3_000;

/** How Aura says that it searches events, in words. */
export async function searchState(auraUrl: string): Promise<string> {
  try {
    const response = await fetch(`${auraUrl}/ready`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { knowledge } = ready.parse(await response.json()).data;
    return knowledge === undefined ? "off" : inWords(knowledge);
  } catch {
    // The page is there to say so.
    return "unknown: Aura-Platform is not ready";
  }
}

function inWords(knowledge: NonNullable<z.infer<typeof ready>["data"]["knowledge"]>): string {
  const { embedder, state, reason = "", left = 0, waiting = 0 } = knowledge;
  const ways: Readonly<Record<string, string>> = {
    ok: "by words and meaning",
    words: `by words alone: ${reason}`,
    embedding: `by words and meaning; ${left} events are still to be embedded and are found by words`,
    failed: `fails: ${reason}`,
  } satisfies Record<KnowledgeState["state"], string>;
  const incoming = waiting > 0 ? `; ${waiting} events wait to be indexed` : "";
  return `${ways[state] ?? state} (${embedder})${incoming}`;
}
