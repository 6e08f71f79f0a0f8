import type { BaseCheckpointSaver } from "@langchain/langgraph";

/**
 * Has the saver tell `configurable.onCheckpoint`, where there is one, of every checkpoint that it has stored,
 * with its metadata, and wait for what it does about it: nothing goes on from a checkpoint of which it has
 * not been told. Changes this one instance.
 */
export function tellingOfCheckpoints(saver: BaseCheckpointSaver): BaseCheckpointSaver {
  const put = saver.put.bind(saver);
  saver.put = async (config, checkpoint, metadata, newVersions) => {
    const stored = await put(config, checkpoint, metadata, newVersions);
    const listener: unknown = config.configurable?.onCheckpoint;
    if (typeof listener === "function") await listener(metadata);
    return stored;
  };
  return saver;
}
