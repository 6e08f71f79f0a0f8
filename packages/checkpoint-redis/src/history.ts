import type { DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import { load } from "./record.ts";
import type { FoundHistory } from "./thread-store.ts";
import { inOrder, type Source, toPendingWrites } from "./tuples.ts";

/** What rebuilds each channel: the nearest stored value and the writes since, oldest first. */
export async function deltaHistory(
  source: Source,
  channels: string[],
  { values, steps }: FoundHistory,
): Promise<Record<string, DeltaChannelHistory>> {
  const ordered = steps.toReversed().flatMap(inOrder);
  const byChannel = Map.groupBy(ordered, ({ channel }) => channel);
  const entries = channels.map(async (channel): Promise<[string, DeltaChannelHistory]> => {
    const writes = await toPendingWrites(source, byChannel.get(channel) ?? []);
    const seed = values.get(channel);
    if (seed === undefined) return [channel, { writes }];
    return [channel, { writes, seed: await load(source.serde, seed, source.key) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}
