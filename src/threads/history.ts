import type { Change, Checkpoint, HistoryPage } from "@aura-platform/contract/checkpoints.ts";
import { AuraError } from "../errors.ts";
import type { CheckpointView, ThreadGraph } from "../ports/thread-graph.ts";
import type { Owner } from "../records/run.ts";
import { type OwnThreadDeps, ownThread } from "./own-thread.ts";

export type HistoryDeps = OwnThreadDeps & {
  /** Rejects while the backend does not answer. */
  graph: () => Promise<Pick<ThreadGraph, "view" | "history">>;
};

export interface HistoryQuery {
  /** Only checkpoints older than this one. */
  before?: string;
  limit: number;
  /** Whether what has changed is told with its values. */
  values: boolean;
}

/** A thread's checkpoints, newest first, each with what it has changed. */
export async function threadHistory(
  deps: HistoryDeps,
  owner: Owner,
  threadId: string,
  page: HistoryQuery,
): Promise<HistoryPage> {
  await ownThread(deps, owner, threadId);
  const graph = await deps.graph();
  if (page.before !== undefined && (await graph.view(threadId, page.before)) === null) {
    throw new AuraError("E4000", { detail: "the cursor names no checkpoint" });
  }
  const { before, limit } = page;
  const views: CheckpointView[] = [];
  // One more than asked for: mostly the parent of the last one, which is compared with it.
  const query = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
  for await (const view of graph.history(threadId, query)) views.push(view);
  const texts = new Map(views.map((view) => [view.checkpointId, textsOf(view)]));
  const shown = views.slice(0, limit);
  const items: Checkpoint[] = [];
  for (const view of shown) {
    const parent = await parentTexts(graph, threadId, view, texts);
    items.push(describe(view, changesOf(view, texts.get(view.checkpointId), parent, page.values)));
  }
  const last = shown.at(-1);
  return views.length > limit && last !== undefined ? { items, nextCursor: last.checkpointId } : { items };
}

type Texts = ReadonlyMap<string, string>;

/** Each value of the state as JSON, to measure its size and to compare it with the one before. */
function textsOf({ values }: CheckpointView): Texts {
  return new Map(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value) ?? "null"]));
}

async function parentTexts(
  graph: Pick<ThreadGraph, "view">,
  threadId: string,
  { parentId }: CheckpointView,
  texts: Map<string, Texts>,
): Promise<Texts> {
  if (parentId === null) return new Map();
  const known = texts.get(parentId);
  if (known !== undefined) return known;
  const parent = await graph.view(threadId, parentId);
  const found = parent === null ? new Map() : textsOf(parent);
  texts.set(parentId, found);
  return found;
}

function changesOf(
  view: CheckpointView,
  texts: Texts | undefined,
  parent: Texts,
  withValues: boolean,
): Change[] {
  return [...(texts ?? [])]
    .filter(([key, text]) => parent.get(key) !== text)
    .map(([key, text]) => ({
      key,
      bytes: Buffer.byteLength(text),
      ...(withValues ? { value: view.values[key] } : {}),
    }));
}

function describe(view: CheckpointView, changed: Change[]): Checkpoint {
  const { values: _, ...rest } = view;
  return { ...rest, changed };
}
