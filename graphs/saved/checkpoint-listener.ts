import type { BaseCheckpointSaver } from "@langchain/langgraph";

/**
 * Makes the saver call `configurable.onCheckpoint`, where there is one, with the metadata of every checkpoint
 * that it has stored, and wait for it: nothing goes on from a checkpoint that the listener has not been told
 * of. Changes this one instance.
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
