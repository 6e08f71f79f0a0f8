import type { LangGraphRunnableConfig } from "@langchain/langgraph";

/**
 * Asks the reader of the custom stream to call `resolve` once everything written before it is stored. It is
 * only written when `configurable.storesEvents` says that there is such a reader.
 */
interface Barrier {
  type: "barrier";
  resolve(): void;
}

type Node<Input, Update> = (input: Input, config: LangGraphRunnableConfig) => Update | Promise<Update>;

/**
 * A node whose result counts only after its events are stored. LangGraph checkpoints the result next and
 * never runs the node again: without this, a crash between the two would leave the client without events of
 * something that has happened. In this order a crash makes events appear twice, which a client can recognise.
 */
export function withStoredEvents<Input, Update>(node: Node<Input, Update>) {
  return async (input: Input, config: LangGraphRunnableConfig): Promise<Update> => {
    const update = await node(input, config);
    if (config.configurable?.storesEvents === true) await eventsStored(config);
    return update;
  };
}

function eventsStored(config: LangGraphRunnableConfig): Promise<void> {
  const { signal } = config;
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal?.reason ?? new Error("aborted"));
    if (signal?.aborted) return abandon();
    signal?.addEventListener("abort", abandon, { once: true });
    const barrier: Barrier = {
      type: "barrier",
      resolve() {
        signal?.removeEventListener("abort", abandon);
        resolve();
      },
    };
    config.writer?.(barrier);
  });
}
