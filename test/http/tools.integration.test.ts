import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { startAura } from "../../src/start.ts";
import { startRedis } from "../helpers/redis.ts";
import { getJson, headersOf, JWT_SECRET, type Stack, startStack } from "../helpers/stack.ts";
import { plainTool, type RawMcp, startRawMcp } from "../mcp/raw-server.ts";

const BUILTIN = ["send_email", "current_time", "list_my_tasks"];

const listOf = (...names: string[]) => ({ "tools/list": { tools: names.map(plainTool) } });

async function served(answers: Record<string, unknown>): Promise<RawMcp> {
  const server = await startRawMcp(answers);
  onTestFinished(() => server.close());
  return server;
}

async function stackWith(servers: Record<string, unknown>, env: Record<string, string> = {}): Promise<Stack> {
  const stack = await startStack({
    backend: "embedded",
    env: { AURA_MODEL: "demo", AURA_MCP_SERVERS: JSON.stringify(servers), ...env },
  });
  onTestFinished(() => stack.close());
  return stack;
}

const toolsOf = async (stack: Pick<Stack, "url">) => (await getJson(stack, "/api/aura/tools")).data;
const names = (data: any) => data.items.map(({ name }: any) => name);

test("the caller's tools: from where, whether a person is asked, how it stands with their server, and what is left out", async () => {
  const trusted = { annotations: { readOnlyHint: true } };
  const server = await served({
    "tools/list": { tools: [plainTool("write"), { ...plainTool("read"), ...trusted }, { name: "broken" }] },
  });
  const mute = await served({ initialize: () => undefined });
  const down = await startRawMcp({});
  await down.close();
  const stack = await stackWith({
    far: { url: server.url, trust: true },
    down: { url: down.url },
    mute: { url: mute.url },
  });
  await expect.poll(async () => (await toolsOf(stack)).servers[0].state).toBe("connected");
  const response = await getJson(stack, "/api/aura/tools");
  expect(response).toMatchObject({
    status: "SUCCESS",
    success: true,
    agentMetadata: { traceId: expect.any(String) },
  });
  const { items, servers, leftOut } = response.data;
  expect(items).toEqual([
    { name: "send_email", description: expect.any(String), source: "builtin", approval: "always" },
    { name: "current_time", description: expect.any(String), source: "builtin", approval: "never" },
    { name: "list_my_tasks", description: expect.any(String), source: "builtin", approval: "never" },
    {
      name: "far__write",
      description: "[far] write",
      source: "mcp",
      server: "far",
      state: "connected",
      approval: "always",
    },
    {
      name: "far__read",
      description: "[far] read",
      source: "mcp",
      server: "far",
      state: "connected",
      approval: "never",
    },
  ]);
  expect(servers).toEqual([
    { name: "far", state: "connected", tools: 2 },
    { name: "down", state: "failed", reason: "ECONNREFUSED", tools: 0 },
    { name: "mute", state: "connecting", tools: 0 },
  ]);
  expect(leftOut).toEqual([
    {
      server: "far",
      tool: "broken",
      reason: "it is not described as the protocol asks: it has no inputSchema",
    },
  ]);
});

test("a server that goes away keeps its tools, and they say so", async () => {
  const server = await startRawMcp(listOf("do"));
  const stack = await stackWith({ far: { url: server.url } });
  await expect.poll(async () => names(await toolsOf(stack))).toContain("far__do");
  await server.close();
  await expect
    .poll(async () => (await toolsOf(stack)).items.at(-1))
    .toMatchObject({
      name: "far__do",
      state: "failed",
      reason: expect.any(String),
    });
});

describe("more tools than a request may have", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `t${at}`);

  test("are shared between the servers, our own ones stay, and it is logged and listed", async () => {
    const [large, small] = [await served(listOf(...many(200))), await served(listOf("a", "b"))];
    const stack = await stackWith({ large: { url: large.url }, small: { url: small.url } });
    await expect.poll(async () => names(await toolsOf(stack)).length).toBe(128);
    await expect
      .poll(async () => names(await toolsOf(stack)).filter((name: string) => name.startsWith("small__")))
      .toEqual(["small__a", "small__b"]);
    const data = await toolsOf(stack);
    expect(names(data).slice(0, 3)).toEqual(BUILTIN);
    expect(names(data).slice(3, 126)).toEqual(many(123).map((name) => `large__${name}`));
    expect(data.leftOut).toHaveLength(77);
    expect(data.leftOut[0]).toEqual({
      server: "large",
      tool: "t123",
      reason: "there is no room for it (AURA_MAX_TOOLS)",
    });
    expect(stack.logs).toContainEqual(
      expect.objectContaining({
        msg: expect.stringMatching(/^MCP tools left out: more than a request may have/),
        leftOut: 77,
        servers: { large: "123 of 200", small: "2 of 2" },
      }),
    );
  });

  test.each<[string, string[]]>([
    ["6", ["one__t0", "one__t1", "two__t0"]],
    ["5", ["one__t0", "two__t0"]],
    ["2", []],
  ])("how many is a setting: %s", async (most, taken) => {
    const [one, two] = [await served(listOf(...many(3))), await served(listOf(...many(3)))];
    const stack = await stackWith({ one: { url: one.url }, two: { url: two.url } }, { AURA_MAX_TOOLS: most });
    await expect
      .poll(async () => (await toolsOf(stack)).servers.map(({ state }: any) => state))
      .toEqual(["connected", "connected"]);
    expect(names(await toolsOf(stack))).toEqual([...BUILTIN, ...taken]);
  });
});

test("it is answered as every other route: a token, GET alone, no body", async () => {
  const stack = await stackWith({});
  const at = `${stack.aura.url}/aura/tools`;
  const tell = async (init: RequestInit) => {
    const response = await fetch(at, init);
    return [response.status, ((await response.json()) as any).errorCode];
  };
  expect(await tell({})).toEqual([401, "E2000"]);
  const headers = await headersOf();
  expect(await tell({ headers: { ...headers, "x-tenant-id": "2" } })).toEqual([403, "E2007"]);
  expect(await tell({ method: "POST", headers, body: "{}" })).toEqual([405, "E1002"]);
  expect(await tell({ headers })).toEqual([200, undefined]);
});

describe("where the API and the work are processes of their own", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test("the API tells what a worker has told, and that nobody has", async () => {
    const server = await served(listOf("do"));
    const start = async (role: string) => {
      const aura = await startAura(
        loadConfig({
          JWT_SECRET,
          AURA_PORT: "0",
          AURA_ROLE: role,
          AURA_KNOWLEDGE: "off",
          AURA_MODEL: "demo",
          REDIS_HOST: redis.host,
          REDIS_PORT: `${redis.port}`,
          AURA_MCP_SERVERS: JSON.stringify({ far: { url: server.url } }),
        }),
        { logger: pino({ level: "silent" }) },
      );
      onTestFinished(() => aura.close());
      return aura;
    };
    const api = await start("api");
    const list = async () => {
      const response = await fetch(`${api.url}/aura/tools`, { headers: await headersOf() });
      return ((await response.json()) as any).data;
    };
    expect(await list()).toMatchObject({
      items: [{ name: "send_email" }, { name: "current_time" }],
      servers: [
        { name: "far", state: "failed", reason: expect.stringContaining("no process that works on runs") },
      ],
    });
    expect(server.methods).toEqual([]);
    await start("worker");
    await expect
      .poll(async () => (await list()).servers)
      .toEqual([{ name: "far", state: "connected", tools: 1 }]);
    expect(names(await list())).toEqual(["send_email", "current_time", "far__do"]);
    await redis.client().set("aura:tools", '{"items":7}');
    expect((await list()).servers).toMatchObject([{ state: "failed" }]);
  });
});
