import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ingested } from "@aura-platform/contract/domain-events.ts";
import type { KnowledgeQueue } from "../ports/knowledge-queue.ts";
import { parseEvent } from "./parse-event.ts";

/** Events that are parsed until streams of this process get their turn: a backfill has many thousands. */
const CHUNK = 16;

/**
 * Takes events of one tenant that were missed, or never published, in the same way as published ones.
 *
 * @param events JSON that anybody may have written; one that is refused does not stand in the others' way
 * @throws BackendUnavailableError when the queue is out of reach; then all may be handed in again
 */
export async function ingestEvents(
  queue: Pick<KnowledgeQueue, "add">,
  tenantId: string,
  events: readonly unknown[],
): Promise<Ingested> {
  const refused: Ingested["refused"] = [];
  const counts = { added: 0, duplicate: 0 };
  const take = async (each: unknown, index: number) => {
    const parsed = parseEvent(each);
    if ("refused" in parsed) refused.push({ index, reason: parsed.refused });
    else if (parsed.event.tenantId !== tenantId) refused.push({ index, reason: "another tenant's" });
    else counts[await queue.add(parsed.event, parsed.digest)] += 1;
  };
  for (let from = 0; from < events.length; from += CHUNK) {
    await Promise.all(events.slice(from, from + CHUNK).map((each, at) => take(each, from + at)));
    await nextTurn();
  }
  return { accepted: counts.added, duplicates: counts.duplicate, refused };
}
