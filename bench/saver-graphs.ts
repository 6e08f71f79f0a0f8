import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const Messages = Annotation.Root({
  messages: Annotation<BaseMessage[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
  left: Annotation<number>(),
});

/** So many messages as an agent exchanges: a question, a call, its result, an answer, and again. */
export function conversation(length: number): BaseMessage[] {
  return Array.from({ length }, (_, n) => {
    const id = `message-${n}`;
    if (n % 4 === 0)
      return new HumanMessage({ id, content: `Please send the report number ${n} to the team.` });
    if (n % 4 === 1) {
      const call = {
        id: `call_${n}`,
        name: "send_mail",
        args: { to: "team@example.com", subject: `Report ${n}` },
      };
      return new AIMessage({ id, content: "", tool_calls: [call] });
    }
    if (n % 4 === 2)
      return new ToolMessage({ id, tool_call_id: `call_${n - 1}`, content: '{"accepted":true}' });
    return new AIMessage({ id, content: `The report number ${n} is on its way to the team.` });
  });
}

/** Adds one message per superstep; tells when each begins. */
export function steppingGraph(checkpointer: BaseCheckpointSaver, onStep: () => void) {
  return new StateGraph(Messages)
    .addNode("agent", ({ left, messages }) => {
      onStep();
      const message = new AIMessage({
        id: `step-${messages.length}`,
        content: "One more line of the answer.",
      });
      return { left: left - 1, messages: [message] };
    })
    .addEdge(START, "agent")
    .addConditionalEdges("agent", ({ left }) => (left > 0 ? "agent" : END))
    .compile({ checkpointer });
}

/** A thread of three short messages, made as an agent would: question, answer with a call, its result. */
export async function shortThread(checkpointer: BaseCheckpointSaver, thread_id: string): Promise<void> {
  const [question, call, result] = conversation(3);
  const graph = new StateGraph(Messages)
    .addNode("agent", () => ({ messages: call === undefined ? [] : [call] }))
    .addNode("tools", () => ({ messages: result === undefined ? [] : [result] }))
    .addEdge(START, "agent")
    .addEdge("agent", "tools")
    .addEdge("tools", END)
    .compile({ checkpointer });
  const input = { messages: question === undefined ? [] : [question] };
  await graph.invoke(input, { configurable: { thread_id }, durability: "sync" });
}
