import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, connectTo, rawMcp } from "./connect.ts";
import { plainTool, type RawRequest, startRawMcp } from "./raw-server.ts";
import { rawStdio } from "./raw-stdio-settings.ts";

const tools = { tools: [plainTool("do")] };
const UNAVAILABLE = "warn: MCP server is unavailable; trying again";

/** Processes whose command line has this in it, wherever they hang in the tree. */
const running = (mark: string) =>
  execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(mark))
    .map((line) => Number(line.trim().split(" ")[0]));

test("a program that takes long to start, and talks meanwhile, joins when it is up; the log says what it waits for", async () => {
  const { names, logger, call, mcp } = connect({
    desk: rawStdio({
      before: "npm warn exec The following package was not found and will be installed\n",
      startMs: 12_000,
      "tools/list": tools,
      "tools/call": { content: "done" },
    }),
  });
  expect(mcp.source.whyMissing("desk__do", "en")).toContain("it is still starting");
  await expect.poll(() => names()).toEqual(["desk__do"]);
  expect(logger.lines).toEqual([
    "info: MCP server has not answered yet; waiting for it to start",
    "info: MCP server connected",
  ]);
  expect(logger.details[0]).toContain(`waitsFor: 'the program ${process.execPath}'`);
  expect(logger.details[0]).toContain("atMostSeconds: 120");
  expect(await call("desk__do")).toEqual({ text: "done" });
});

test("how long a start may take is a setting; what took longer is tried again", async () => {
  let attempts = 0;
  const server = await startRawMcp({
    initialize: () => {
      attempts += 1;
    },
    "tools/list": tools,
  });
  onTestFinished(() => server.close());
  const { names, logger } = connect({ far: { url: server.url, connectTimeoutMs: 100 } });
  await expect.poll(() => attempts).toBeGreaterThan(1);
  expect(logger.lines).toEqual([UNAVAILABLE]);
  expect(logger.details[0]).toContain("no answer in time");
  server.answer({
    initialize: {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "x", version: "1" },
    },
  });
  await expect.poll(() => names()).toEqual(["far__do"]);
});

test("a program that ends before it has answered is named by how it ended", async () => {
  const { logger } = connect({ desk: { command: process.execPath, args: ["-e", "process.exit(7)"] } });
  await expect.poll(() => logger.lines).toEqual([UNAVAILABLE]);
  expect(logger.details[0]).toContain("the program ended with code 7");
});

test("what a program has started ends with it, though it holds on", async () => {
  const mark = `--mark-${process.pid}`;
  const server = join(import.meta.dirname, "stdio-server.ts");
  const { mcp } = await connectTo({
    command: "sh",
    // As npx does: the server is a child of what was started, and here it does not end with its input.
    args: ["-c", `${process.execPath} ${server} --stubborn ${mark}; true`],
  });
  expect(running(mark)).not.toEqual([]);
  await mcp.close();
  expect(running(mark)).toEqual([]);
});

test("a server that is too busy with a call to list its tools loses neither the call nor its connection", async () => {
  const begun = Promise.withResolvers<RawRequest>();
  const { server, call } = await rawMcp({ "tools/list": tools, "tools/call": begun.resolve });
  const pending = call("far__do");
  const { id, response } = await begun.promise;
  server.answer({ "tools/list": () => undefined });
  const listed = () => server.methods.filter((each) => each === "tools/list").length;
  const before = listed();
  // Something that is not understood raises a doubt; each is a reason to look whether the server is still
  // there.
  const doubt = () => server.notify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  doubt();
  await expect.poll(listed).toBe(before + 1);
  doubt();
  await expect.poll(listed).toBe(before + 2);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { content: "done" } }));
  expect(await pending).toEqual({ text: "done" });
  expect(server.sessions()).toBe(1);
});
