import {
  Annotation,
  Command,
  DeltaChannel,
  END,
  interrupt,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** A repeatable source of choices (mulberry32). */
export interface Choices {
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
}

export function choicesOf(seed: number): Choices {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    pick: (from) => from[Math.floor(next() * from.length)]!,
    chance: (probability) => next() < probability,
  };
}

type Kind = "plain" | "rich" | "ask" | "fan" | "jump" | "sub";
type SubKind = "plain" | "ask" | "fan";

/** What a graph looks like; the same spec is built once per saver. */
export interface GraphSpec {
  steps: Kind[];
  sub: SubKind[];
  workers: number;
  workersAsk: boolean;
  laps: number;
  snapshotFrequency: number;
}

const KINDS: Kind[] = ["plain", "rich", "ask", "fan", "jump", "sub"];

export function randomSpec(choices: Choices): GraphSpec {
  return {
    steps: Array.from({ length: 1 + choices.below(4) }, () => choices.pick(KINDS)),
    sub: Array.from({ length: 1 + choices.below(2) }, () => choices.pick(["plain", "ask", "fan"])),
    workers: 1 + choices.below(3),
    workersAsk: choices.chance(0.5),
    laps: 1 + choices.below(2),
    snapshotFrequency: choices.pick([1, 2, 5, 100]),
  };
}

const concat = (a: string[], b: string[]) => [...a, ...b];

function stateOf(snapshotFrequency: number) {
  return Annotation.Root({
    log: Annotation<string[]>({ reducer: concat, default: () => [] }),
    deltas: new DeltaChannel<string[], string[]>((state, writes) => [...state, ...writes.flat()], {
      snapshotFrequency,
    }) as any,
    total: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
    last: Annotation<unknown>(),
    bag: Annotation<unknown>(),
    lap: Annotation<number>(),
  });
}

type State = { log: string[]; total: number; lap?: number; item?: string };

const note = (text: string, state: State) => ({
  log: [`${text} after ${state.log?.length ?? 0}`],
  deltas: [text],
  total: 1,
});

const ask = (name: string) => (state: State) => {
  const answer: unknown = interrupt({ name, seen: state.total ?? 0 });
  return { ...note(`${name} heard ${JSON.stringify(answer)}`, state), last: answer };
};

const rich = (name: string) => (state: State) => ({
  ...note(name, state),
  bag: {
    map: new Map([["total", state.total]]),
    set: new Set([name]),
    bytes: new Uint8Array([1, 2, state.total]),
    pattern: /a\/b/gi,
    nothing: undefined,
    nested: [{ deep: [new Map([[1, new Set(["x"])]])] }],
  },
});

const worker = (asks: boolean) => (state: State) => {
  const item = state.item ?? "none";
  const answer: unknown = asks && item.endsWith("1") ? interrupt({ item }) : "none";
  return { log: [`worked on ${item}: ${JSON.stringify(answer)}`], deltas: [item], total: 10 };
};

/** Steps one after another; `fan` steps send to workers of their own and join in the next step. */
export function buildGraph(spec: GraphSpec, checkpointer: BaseCheckpointSaver) {
  return build(spec, spec.steps, true).compile({ checkpointer });
}

function build(spec: GraphSpec, steps: Kind[], isRoot: boolean) {
  const graph: any = new StateGraph(stateOf(spec.snapshotFrequency));
  const name = (index: number) => (index < steps.length ? `${isRoot ? "step" : "inner"}${index}` : "finish");
  steps.forEach((kind, index) => {
    const [here, after] = [name(index), name(index + 1)];
    if (kind === "jump") {
      const jump = (state: State) => new Command({ goto: after, update: note(here, state) });
      graph.addNode(here, jump, { ends: [after] });
      return;
    }
    if (kind === "sub") graph.addNode(here, build(spec, spec.sub, false).compile());
    else if (kind === "ask") graph.addNode(here, ask(here));
    else graph.addNode(here, (kind === "rich" ? rich : (id: string) => (s: State) => note(id, s))(here));
    if (kind !== "fan") {
      graph.addEdge(here, after);
      return;
    }
    const work = `${here}worker`;
    graph.addNode(work, worker(spec.workersAsk));
    const send = () =>
      Array.from({ length: spec.workers }, (_, item) => new Send(work, { item: `${here}-${item}` }));
    graph.addConditionalEdges(here, send, [work]);
    graph.addEdge(work, after);
  });
  graph.addNode("finish", (state: State) => ({ ...note("finish", state), lap: (state.lap ?? 0) + 1 }));
  graph.addEdge(START, name(0));
  const again = (state: State) => (isRoot && (state.lap ?? 0) < spec.laps ? name(0) : END);
  graph.addConditionalEdges("finish", again, [name(0), END]);
  return graph;
}
