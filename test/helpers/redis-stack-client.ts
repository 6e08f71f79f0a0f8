/**
 * The commands of Redis Stack that the official saver uses, for threads whose ids need no escape: no such Redis is at
 * hand where the tests run.
 */
export function redisStackClient() {
  const documents = new Map<string, string>();
  const parsed = (key: string) => JSON.parse(documents.get(key) ?? "null");
  return {
    documents,
    json: {
      get: async (key: string) => parsed(key),
      set: async (key: string, _: string, value: unknown, options?: { NX?: boolean }) => {
        if (options?.NX !== true || !documents.has(key)) documents.set(key, JSON.stringify(value));
      },
    },
    ft: {
      create: async () => "OK",
      search: async (_: string, query: string, { LIMIT }: { LIMIT: { from: number; size: number } }) => {
        const thread = /@thread_id:\{(\w+)\}/.exec(query)?.[1];
        const found = [...documents.keys()]
          .filter((key) => key.startsWith("checkpoint:"))
          .map((id) => ({ id, value: parsed(id) }))
          .filter(({ value }) => thread === undefined || value.thread_id === thread)
          .sort((a, b) => b.value.checkpoint_ts - a.value.checkpoint_ts);
        return { total: found.length, documents: found.slice(LIMIT.from, LIMIT.from + LIMIT.size) };
      },
    },
    keys: async (pattern: string) => {
      return [...documents.keys()].filter((key) => key.startsWith(pattern.slice(0, -1)));
    },
    exists: async (key: string) => (documents.has(key) ? 1 : 0),
    zAdd: async (key: string) => documents.set(key, "[]"),
  };
}
