import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { CP949, ENCODINGS, encoded } from "../helpers/encoded.ts";
import { chat, headersOf, JWT_SECRET, type Stack, startStack } from "../helpers/stack.ts";
import { command, tokenOf } from "./cli.ts";

let stack: Stack;
let env: NodeJS.ProcessEnv;
let dir: string;
beforeAll(async () => {
  stack = await startStack({ backend: "embedded" });
  env = { AURA_URL: `${stack.aura.url}`, AURA_TOKEN: await tokenOf() };
  dir = mkdtempSync(join(tmpdir(), "aura-encodings-"));
});
afterAll(async () => {
  await stack.close();
  rmSync(dir, { recursive: true });
});

const file = (name: string, content: Uint8Array) => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

/** A program of ours in a folder with this .env. */
function program(path: string, args: string[], dotEnv: Uint8Array, own: NodeJS.ProcessEnv = {}) {
  file(".env", dotEnv);
  return programIn(path, args, own);
}

function programIn(path: string, args: string[], own: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    const options = { cwd: dir, env: { PATH: process.env.PATH, ...own } };
    execFile(process.execPath, [resolve(path), ...args], options, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

async function exported(): Promise<string> {
  const stream = await chat(stack, { prompt: "안녕하세요 ✨" });
  await stream.ended;
  const threadId = stream.response.headers.get("x-thread-id") ?? "";
  const { stdout } = await command(["export", threadId], env);
  // Under run ids that are not here yet.
  return stdout.replaceAll('"run-', `"run-${threadId.slice(7, 15)}-`);
}

test.each(ENCODINGS)(
  "a document in %s is imported, from a file, from stdin and over HTTP",
  async (encoding) => {
    const bytes = encoded(await exported(), encoding);
    const [ofFile, ofStdin] = [
      await command(["import", file("thread.json", bytes)], env),
      await command(["import", "-"], env, encoded(await exported(), encoding)),
    ];
    expect(ofFile).toMatchObject({ code: 0, stderr: "" });
    expect(ofStdin).toMatchObject({ code: 0, stderr: "" });
    expect((await command(["show", ofFile.stdout.trim()], env)).stdout).toContain("안녕하세요 ✨");
    const posted = await fetch(`${stack.url}/api/aura/threads/import`, {
      method: "POST",
      headers: await headersOf(),
      body: new Uint8Array(encoded(await exported(), encoding)),
    });
    expect([posted.status, await posted.text()]).toEqual([200, expect.stringContaining("thread-")]);
  },
);

test.each(ENCODINGS)("a file of edits in %s is read", async (encoding) => {
  const edits = file("edits.json", encoded('{"steps": "아님"}', encoding));
  const stream = await chat(stack, { prompt: "hello", threadId: "edited" });
  await stream.ended;
  const { items } = JSON.parse((await command(["history", "edited", "--json"], env)).stdout);
  const forked = await command(
    ["fork", "edited", items[0].checkpointId, "--prompt", "hi", "--edits", edits],
    env,
  );
  // The service has read it, and says what is wrong.
  expect(forked.stderr).toMatch(/^aura: E4000/);
});

test("a file in another encoding is named, with what it should be", async () => {
  const bad = file("korean.json", CP949);
  const wrong = { code: 1, stdout: "", stderr: `aura: ${bad} is neither UTF-8 nor UTF-16 text\n` };
  expect(await command(["import", bad], env)).toEqual(wrong);
  expect(await command(["fork", "edited", "c-1", "--edits", bad], env)).toEqual(wrong);
  expect(await command(["import", "-"], env, CP949)).toMatchObject({
    code: 1,
    stderr: "aura: stdin is neither UTF-8 nor UTF-16 text\n",
  });
});

test("[R5.2] a body in another encoding is 400, with what it should be; nothing of it is replaced", async () => {
  const prompt = Buffer.concat([Buffer.from('{"prompt":"'), CP949.subarray(2, 6), Buffer.from('"}')]);
  for (const body of [
    prompt,
    CP949,
    Buffer.from([0xff, 0xfe, 0x7b]),
    encoded("{}", "UTF-16LE with BOM").subarray(2),
  ]) {
    const answer = await fetch(`${stack.url}/api/aura/test/stream`, {
      method: "POST",
      headers: { ...(await headersOf()), "accept-language": "en" },
      body: new Uint8Array(body),
    });
    const { errorCode, message } = (await answer.json()) as any;
    expect([answer.status, errorCode]).toEqual([400, "E4000"]);
    expect(message).toContain("UTF-8");
  }
});

test("a document with any bytes in it is imported or refused, and the service lives", async () => {
  const headers = await headersOf();
  const document = await exported();
  const place = fc.nat(document.length - 1);
  const bytes = fc.uint8Array({ maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ENCODINGS),
      place,
      bytes,
      fc.nat(3),
      async (encoding, at, put, cut) => {
        const whole = encoded(document, encoding);
        const body = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)]);
        const answer = await fetch(`${stack.url}/api/aura/threads/import`, {
          method: "POST",
          headers,
          body: new Uint8Array(body),
        });
        expect([200, 400, 409]).toContain(answer.status);
        await answer.text();
      },
    ),
    { numRuns: 60 },
  );
  expect((await fetch(`${stack.aura.url}/health`)).status).toBe(200);
});

test.each(ENCODINGS)("settings of MCP servers in %s are read", (encoding) => {
  const path = file("mcp.json", encoded('{"files":{"command":"node","env":{"이름":"값"}}}', encoding));
  const { mcpServers } = loadConfig({ JWT_SECRET, AURA_MCP_SERVERS: path });
  expect(mcpServers).toMatchObject([{ name: "files", reach: { env: { 이름: "값" } } }]);
});

test("settings of MCP servers: a mark before JSON text is none of it, and a file in another encoding is named", () => {
  const text = '\ufeff{"files":{"command":"node"}}';
  expect(loadConfig({ JWT_SECRET, AURA_MCP_SERVERS: text }).mcpServers).toHaveLength(1);
  const path = file("mcp-korean.json", CP949);
  expect(() => loadConfig({ JWT_SECRET, AURA_MCP_SERVERS: path })).toThrow(
    `AURA_MCP_SERVERS names ${path}, which is neither UTF-8 nor UTF-16 text`,
  );
});

test.each(ENCODINGS)("a .env in %s is read by every program", async (encoding) => {
  const dotEnv = encoded(
    `JWT_SECRET=${JWT_SECRET}\r\n# 주석\r\nAURA_URL="http://127.0.0.1:1"\nAURA_PORT=never\n`,
    encoding,
  );
  const service = await program("src/main.ts", [], dotEnv);
  expect(service).toMatchObject({ code: 1, stderr: "AURA_PORT must be a port number, 0 to 65535\n" });
  const token = await program("devstack/token.ts", ["--tenant", "1", "--user", "user123"], dotEnv);
  expect(token).toMatchObject({ code: 0, stderr: "" });
  const asked = await program("cli/aura.ts", ["threads", "--token", token.stdout.trim()], dotEnv);
  expect(asked).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("cannot connect to http://127.0.0.1:1"),
  });
  // What the environment already has wins.
  const own = await program("src/main.ts", [], dotEnv, { AURA_PORT: "70000", JWT_SECRET: "short" });
  expect(own.stderr.split("\n")).toHaveLength(3);
});

test("a .env in another encoding, or one that cannot be read, is one clear line", async () => {
  const dotEnv = Buffer.concat([Buffer.from("JWT_SECRET="), CP949]);
  for (const [path, args] of [
    ["src/main.ts", []],
    ["devstack/token.ts", ["--tenant", "1", "--user", "user123"]],
    ["cli/aura.ts", ["threads"]],
    ["src/knowledge-rebuild.ts", []],
    ["devstack/demo.ts", []],
    ["devstack/studio.ts", []],
  ] as const) {
    const { code, stderr } = await program(path, [...args], dotEnv);
    expect([path, code === 0]).toEqual([path, false]);
    expect(stderr).toMatch(/^(?:aura: )?\.env is neither UTF-8 nor UTF-16 text\n$/);
  }
  rmSync(join(dir, ".env"));
  mkdirSync(join(dir, ".env"));
  for (const path of ["src/main.ts", "cli/aura.ts"]) {
    const { code, stderr } = await programIn(path, []);
    expect([path, code === 0]).toEqual([path, false]);
    expect(stderr).toMatch(/^(?:aura: )?\.env cannot be read: [^\n]+\n$/);
  }
});
