import { isDeepStrictEqual } from "node:util";
import type {
  CheckpointListOptions,
  CheckpointTuple,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { checkpointRange, checkpointsRange, olderThan, type Range } from "./layout.ts";
import { loadMetadata } from "./record.ts";
import type { CheckpointName, StoredCheckpoint } from "./stored.ts";
import type { ThreadStore } from "./thread-store.ts";
import { toTuples } from "./tuples.ts";

interface ListQuery {
  ns: string | undefined;
  checkpointId: string | undefined;
  /** Only checkpoints with a smaller id. */
  before: string | undefined;
  filter: CheckpointListOptions["filter"] | undefined;
}

type Candidate = CheckpointName | StoredCheckpoint;

/** Whole checkpoints per round trip: a page of them may be large. */
const PAGE = 20;
/** Checkpoints, or only their names, per round trip of a search: so few that nobody else waits. */
const SCAN_PAGE = 500;

/** The checkpoints of one thread, newest id first, page by page. */
export async function* listThread(
  store: ThreadStore,
  serde: SerializerProtocol,
  threadId: string,
  query: ListQuery,
  limit: number,
): AsyncGenerator<CheckpointTuple> {
  if (limit <= 0) return;
  const source = { serde, threadId, key: store.key(threadId) };
  const pages =
    query.ns !== undefined && query.filter === undefined
      ? wholePages(store, threadId, query.ns, query, limit)
      : selectedPages(store, serde, threadId, query);
  let left = limit;
  for await (const page of pages) {
    for (const tuple of await toTuples(source, page)) {
      yield tuple;
      left -= 1;
      if (left <= 0) return;
    }
  }
}

/** Where the ids alone decide, a page is one round trip. */
async function* wholePages(
  store: ThreadStore,
  threadId: string,
  ns: string,
  query: ListQuery,
  limit: number,
) {
  let range = rangeOf(ns, query);
  let left = limit;
  while (left > 0) {
    const size = Math.min(PAGE, left);
    const page = await store.read(threadId, [range], size);
    yield page;
    const last = page.checkpoints.at(-1);
    if (last === undefined || page.checkpoints.length < size) return;
    left -= size;
    range = olderThan(range, ns, last.id);
  }
}

/** Otherwise first only what decides, then all of those that were selected. */
async function* selectedPages(
  store: ThreadStore,
  serde: SerializerProtocol,
  threadId: string,
  query: ListQuery,
) {
  const key = store.key(threadId);
  let selected: Range[] = [];
  for await (const page of candidates(store, threadId, query)) {
    for (const candidate of page) {
      if ("metadata" in candidate && !(await matches(serde, candidate, query.filter, key))) continue;
      selected.push(checkpointRange(candidate.ns, candidate.id));
      if (selected.length < PAGE) continue;
      yield await store.read(threadId, selected, 1);
      selected = [];
    }
  }
  if (selected.length > 0) yield await store.read(threadId, selected, 1);
}

/** Pages of names, or of checkpoints if there is a filter to be looked up in them. */
async function* candidates(store: ThreadStore, threadId: string, query: ListQuery) {
  const { ns, checkpointId, before, filter } = query;
  const read = (range: Range, size: number) =>
    filter === undefined ? store.names(threadId, range, size) : store.heads(threadId, range, size);
  if (ns !== undefined) {
    yield* walk(rangeOf(ns, query), read);
    return;
  }
  // Sorted by namespace in Redis: to give the newest of all namespaces first, all names must be known.
  const all: Candidate[] = [];
  for await (const page of walk(checkpointsRange(undefined), read)) {
    for (const candidate of page) {
      const { id } = candidate;
      if (id === (checkpointId ?? id) && (before === undefined || id < before)) all.push(candidate);
    }
  }
  yield all.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
}

async function* walk(
  from: Range,
  read: (range: Range, size: number) => Promise<Candidate[]>,
): AsyncGenerator<Candidate[]> {
  let range = from;
  for (;;) {
    const page = await read(range, SCAN_PAGE);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < SCAN_PAGE) return;
    range = olderThan(range, last.ns, last.id);
  }
}

function rangeOf(ns: string, { checkpointId, before }: ListQuery): Range {
  const range = checkpointId === undefined ? checkpointsRange(ns) : checkpointRange(ns, checkpointId);
  if (before === undefined) return range;
  // The smaller of the two ends: an id that was asked for may be newer than `before`.
  const older = olderThan(range, ns, before);
  return Buffer.compare(older.max, range.max) < 0 ? older : range;
}

/** Every field of the filter deeply equals the metadata's. */
async function matches(
  serde: SerializerProtocol,
  head: StoredCheckpoint,
  filter: ListQuery["filter"],
  key: string,
): Promise<boolean> {
  const wanted = Object.entries(filter ?? {});
  if (wanted.length === 0) return true;
  const metadata: Record<string, unknown> = await loadMetadata(serde, head, key);
  return wanted.every(([name, value]) => isDeepStrictEqual(metadata[name], value));
}
