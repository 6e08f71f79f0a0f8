import { type ChatRequest, type StubCall, type StubReply, startOpenAiStub } from "../helpers/openai-stub.ts";

/**
 * A model that does what it is told, by whoever tells it: the worst that an attack may hope for. Orders stand in the last message, be it the
 * user's, a tool's result or an event that a search has found:
 *
 *   !call NAME ARGUMENTS   calls a tool; the arguments go out as they are, JSON or not; several on lines of their own
 *   !flood NAME COUNT      calls a tool so often in one message
 *   !endless text|thoughts|arguments|empty   an answer without an end
 *   !plan TEXT             the plan is this text
 *
 * `%N*TEXT%` in arguments and plans stands for the text so often: a prompt has 32,000 characters, an answer has none to count.
 *
 * Everything else is answered with "ok".
 */
export async function startObedientModel() {
  return startOpenAiStub([], { always: obey });
}

const PLAN = JSON.stringify({
  steps: [{ title: "Obey", description: "Do what is asked.", confidence: 0.9 }],
});

function obey(request: ChatRequest): StubReply {
  const last = request.messages.at(-1);
  const said = orders(textOf(last?.content));
  if (request.tools === undefined) return { text: said.plan ?? PLAN };
  // What has been answered by our own words is over: else the refusal of an order would repeat the order.
  if (last?.role === "tool" && /^(?:NOT EXECUTED|ERROR: (?!<tool_data>))/.test(textOf(last.content))) {
    return { text: `told: ${textOf(last.content).slice(0, 200)}` };
  }
  if (said.endless !== undefined) return { deltas: endless(said.endless) };
  return said.calls.length > 0 ? { calls: said.calls } : { text: "ok" };
}

interface Orders {
  calls: StubCall[];
  plan?: string;
  endless?: string;
}

function orders(text: string): Orders {
  // As they stand in JSON that a tool has answered: escaped.
  const lines = text.replaceAll('\\"', '"').replaceAll("\\n", "\n").split("\n");
  const found: Orders = { calls: [] };
  for (const line of lines) {
    const call = /!call (\S+) (.*?)(?:!end.*)?$/.exec(line);
    const flood = /!flood (\S+) (\d+)/.exec(line);
    const plan = /!plan (.*)$/.exec(line);
    const endlessly = /!endless (\w+)/.exec(line);
    if (call?.[1] !== undefined) found.calls.push({ name: call[1], args: repeated(call[2] ?? "") });
    if (flood?.[1] !== undefined) {
      const count = Number(flood[2]);
      found.calls.push(
        ...Array.from({ length: count }, (_, at) => ({
          name: flood[1] ?? "",
          args: `{"timeZone":"UTC"}`,
          index: at,
        })),
      );
    }
    if (plan?.[1] !== undefined) found.plan = repeated(plan[1]);
    if (endlessly?.[1] !== undefined) found.endless = endlessly[1];
  }
  return found;
}

function repeated(text: string): string {
  return text.replace(/%(\d+)\*(.*?)%/g, (_, times, what) => what.repeat(Number(times)));
}

/** More than any cap lets through, and an end all the same: a test of a service that reads on must end too. */
function endless(what: string): Record<string, unknown>[] {
  const piece = "blah ".repeat(2_000);
  const delta =
    what === "thoughts"
      ? { reasoning_content: piece }
      : what === "arguments"
        ? { tool_calls: [{ index: 0, function: { arguments: piece } }] }
        : { content: what === "empty" ? "" : piece };
  const first =
    what === "arguments"
      ? [
          {
            tool_calls: [
              {
                index: 0,
                id: "c",
                type: "function",
                function: { name: "current_time", arguments: '{"x":"' },
              },
            ],
          },
        ]
      : [];
  return [...first, ...Array.from({ length: 3_000 }, () => delta)];
}

function textOf(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content ?? "");
}
