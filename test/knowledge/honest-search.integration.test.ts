import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { renderPage } from "../../devstack/page.ts";
import { searchState } from "../../devstack/search-state.ts";
import type { KnowledgeIndex } from "../../src/ports/knowledge-index.ts";
import { type EmbeddingServer, startEmbeddingServer } from "../helpers/embedding-server.ts";
import { devEvent, memoryIndex } from "../helpers/knowledge.ts";
import { MEANING_DIMENSIONS, meaningVectors } from "../helpers/meaning.ts";
import { startOpenAiStub } from "../helpers/openai-stub.ts";
import { eventsOf, textOf } from "../helpers/sse-client.ts";
import { chat, type Stack, startStack } from "../helpers/stack.ts";

let stack: Stack | undefined;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aura-honest-"));
});
afterEach(async () => {
  await stack?.close();
  stack = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

const knowledgeOf = async ({ aura }: Stack) => {
  const response = await fetch(`${aura.url}/ready`);
  expect(response.status).toBe(200);
  return ((await response.json()) as any).data.knowledge;
};
/** What the demo model makes of a search, and what the tool said. */
const ask = async (on: Stack, prompt: string, headers = {}) => {
  const frames = await (await chat(on, { prompt }, headers)).ended;
  const last = eventsOf(frames).findLast(({ type }) => type === "tool_execution");
  return {
    ...last?.data,
    answer: textOf(frames),
    isOver: !eventsOf(frames).some(({ type }) => type === "error"),
  };
};
const ENGLISH = { "accept-language": "en" };

describe.each(["embedded", "redis"] as const)("search, %s backend", (backend) => {
  const startOn = async (uri: string, env: NodeJS.ProcessEnv) => {
    const KNOWLEDGE_URI = join(folder, `${backend}-${uri}`);
    stack = await startStack({
      backend,
      env: { AURA_KNOWLEDGE: "on", AURA_MODEL: "demo", KNOWLEDGE_URI, ...env },
    });
    return stack;
  };
  const indexed = async (on: Stack, fields: Record<string, unknown>) => {
    await on.publish("dwp:events:mail", JSON.stringify(devEvent(fields)));
    const { subject } = fields;
    await expect.poll(async () => (await ask(on, `Find ${subject}`)).result?.sources).toHaveLength(1);
  };

  test("with a model server that has no embeddings, it works all the same: nothing is asked of that server", async () => {
    const model = await startOpenAiStub();
    const on = await startOn("local", { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "key" });
    await indexed(on, { subject: "quarterly budget" });
    expect(await knowledgeOf(on)).toEqual({ embedder: "hashing-v2", dimensions: 256, state: "ok" });
    expect(await searchState(on.aura.url)).toBe("by words and meaning (hashing-v2)");
    model.verify();
    await model.close();
  });

  describe("with an embedder that is down", () => {
    let server: EmbeddingServer;
    beforeAll(async () => {
      server = await startEmbeddingServer(meaningVectors, MEANING_DIMENSIONS);
      server.always({ status: 401 });
    });
    afterAll(() => server.close());

    test("it finds by words and says so, also after a restart, until the embedder is back", async () => {
      const on = await startOn("remote", {
        OPENAI_BASE_URL: server.url,
        AURA_EMBEDDING_MODEL: "bge-m3",
        AURA_EMBEDDING_DIMENSIONS: String(MEANING_DIMENSIONS),
      });
      await indexed(on, { subject: "출장 품의" });
      const told = await ask(on, "출장을 찾아줘");
      expect(told).toMatchObject({
        status: "completed",
        result: {
          events: [{ text: expect.stringContaining("출장 품의") }],
          note: expect.stringContaining("단어로만"),
        },
      });
      expect(told.answer).toContain("단어로만 찾았으므로");
      const reason = "the server answered 401: the key is refused";
      const words = {
        ...{ embedder: "openai:bge-m3", dimensions: MEANING_DIMENSIONS },
        ...{ state: "words", reason, left: 1 },
      };
      await expect.poll(() => knowledgeOf(on)).toEqual(words);
      expect(await searchState(on.aura.url)).toBe(`by words alone: ${reason} (openai:bge-m3)`);
      await on.restartAura();
      await expect.poll(() => knowledgeOf(on)).toEqual(words);
      expect((await ask(on, "Find 출장", ENGLISH)).answer).toContain("Only words could be compared just now");
      server.always(null);
      await expect.poll(async () => (await knowledgeOf(on)).state).toBe("ok");
      const meant = await ask(on, "Find travel", ENGLISH);
      expect(meant.result).toMatchObject({ sources: [expect.any(String)] });
      expect(meant.result).not.toHaveProperty("note");
    });
  });

  test("that cannot be done fails visibly, in words, and the run goes on", async () => {
    const index: KnowledgeIndex = {
      ...memoryIndex(),
      search: async () => {
        throw new Error("SECRET file is gone");
      },
      state: async () => {
        throw new Error("SECRET file is gone");
      },
    };
    let isOpen = false;
    const openIndex = async () => {
      if (!isOpen) throw new Error("SECRET path");
      return index;
    };
    stack = await startStack({ backend, env: { AURA_MODEL: "demo" }, aura: { openIndex } });
    const on = stack;
    const closed = await ask(on, "Find the budget", ENGLISH);
    expect(closed).toMatchObject({ status: "failed", isOver: true });
    expect(closed.answer).toContain("The index of events is not open yet, so nothing was searched");
    await expect
      .poll(() => knowledgeOf(on))
      .toMatchObject({
        state: "failed",
        reason: "the index cannot be opened: see the log",
      });
    isOpen = true;
    await expect
      .poll(() => knowledgeOf(on))
      .toMatchObject({
        state: "failed",
        reason: "the index cannot be read: see the log",
      });
    const broken = await ask(on, "예산 찾아줘");
    expect(broken).toMatchObject({ status: "failed" });
    expect(broken.answer).toContain("색인을 읽을 수 없어 검색하지 못했습니다");
    expect(broken.answer).not.toContain("SECRET");
    expect(JSON.stringify(await knowledgeOf(on))).not.toContain("SECRET");
    expect(await searchState(on.aura.url)).toMatch(/^fails: the index cannot be read/);
    expect(on.logs.filter(({ msg }) => msg === "the index of events cannot be searched")).toHaveLength(1);
  });

  test("says that events which have come in may be missing, for as long as they wait", async () => {
    const gate = Promise.withResolvers<void>();
    const memory = memoryIndex();
    const index: KnowledgeIndex = {
      ...memory,
      async upsert(events) {
        await gate.promise;
        await memory.upsert(events);
      },
    };
    stack = await startStack({
      backend,
      env: { AURA_MODEL: "demo" },
      aura: { openIndex: async () => index },
    });
    const on = stack;
    await on.publish("dwp:events:mail", JSON.stringify(devEvent({ subject: "budget" })));
    await expect.poll(() => knowledgeOf(on)).toMatchObject({ state: "ok", waiting: 1 });
    const empty = await ask(on, "Find the budget", ENGLISH);
    expect(empty.result).toEqual({
      events: [],
      sources: [],
      note: "Nothing that has to do with it was found. Some events that have come in may not be searchable yet.",
    });
    expect(await searchState(on.aura.url)).toMatch(/; 1 events wait to be indexed$/);
    gate.resolve();
    await expect.poll(async () => (await ask(on, "Find the budget", ENGLISH)).result.note).toBe(undefined);
  });
});

test("the dev stack's page shows it, escaped, and says when nobody answers", async () => {
  const search = await searchState("http://127.0.0.1:1");
  expect(search).toBe("unknown: Aura-Platform is not ready");
  const page = renderPage({ services: [], backend: "x", model: "x", mail: "x", search: "fails: <script>" });
  expect(page).toContain("<li>Search of events: fails: &lt;script&gt;</li>");
});
