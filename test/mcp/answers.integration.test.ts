import { describe, expect, test } from "vitest";
import { rawMcp } from "./connect.ts";
import { plainTool, type RawRequest, stream } from "./raw-server.ts";

const tools = { tools: [plainTool("do")] };
const UNKNOWN = /outcome unknown/;

describe("an answer that arrived is told, whatever it is", () => {
  test.each<[string, unknown, unknown]>([
    [
      "content of a kind that we do not know",
      { content: [{ type: "json", json: { order: "A-17" } }] },
      { text: '{"type":"json","json":{"order":"A-17"}}' },
    ],
    [
      "text that is no text, between text",
      {
        content: [
          { type: "text", text: "a" },
          { type: "text", text: null },
          { text: 7 },
          { type: "text", text: "b" },
        ],
      },
      { text: 'a\n{"type":"text","text":null}\n{"text":7}\nb' },
    ],
    ["content that is one block", { content: { type: "text", text: "done" } }, { text: "done" }],
    ["content that is text", { content: "done" }, { text: "done" }],
    ["blocks that are text", { content: ["a", "b"] }, { text: "a\nb" }],
    ["an image without data", { content: [{ type: "image" }] }, { text: '{"type":"image"}' }],
    ["content that is null", { content: null, structuredContent: { a: 1 } }, { structuredContent: { a: 1 } }],
    ["structured content that is a list", { structuredContent: [1, 2] }, { structuredContent: [1, 2] }],
    [
      "a result of the first protocol",
      { toolResult: { order: "A-17" } },
      { text: '{"toolResult":{"order":"A-17"}}' },
    ],
    ["a result that is text", "done", { text: "done" }],
    ["a result that is a list", [{ type: "text", text: "done" }], { text: "done" }],
    ["a result that is null", null, {}],
    ["an empty result", {}, {}],
    ["nulls beside it", { content: [], isError: null, structuredContent: null, _meta: null }, {}],
  ])("%s", async (_, result, told) => {
    const { call } = await rawMcp({ "tools/list": tools, "tools/call": () => result ?? null });
    expect(await call("far__do")).toEqual(told);
  });

  test("an error in an unknown form fails the call with its words", async () => {
    const { call } = await rawMcp({
      "tools/list": tools,
      "tools/call": { isError: true, content: [{ type: "problem", detail: "disk full" }] },
    });
    await expect(call("far__do")).rejects.toThrow(/"detail":"disk full"/);
  });

  const respond =
    (status: number, body: (id: unknown) => unknown, type = "application/json") =>
    ({ id, response }: RawRequest) => {
      response.writeHead(status, { "content-type": type });
      response.end(JSON.stringify(body(id)));
    };
  const result = { content: [{ type: "text", text: "done" }] };
  test.each<[string, (each: RawRequest) => void]>([
    ["an error that is null beside it", respond(200, (id) => ({ jsonrpc: "2.0", id, result, error: null }))],
    ["no id", respond(200, () => ({ jsonrpc: "2.0", id: null, result }))],
    ["an id that is text", respond(200, (id) => ({ jsonrpc: "2.0", id: `${id}`, result }))],
    ["more beside it", respond(200, (id) => ({ jsonrpc: "2.0", id, result, took: 3 }))],
    ["no version", respond(200, (id) => ({ id, result }))],
    ["another media type", respond(200, (id) => ({ jsonrpc: "2.0", id, result }), "text/plain")],
    ["a list around it", respond(200, (id) => [{ jsonrpc: "2.0", id, result }])],
  ])("a message with %s", async (_, answer) => {
    const { call } = await rawMcp({ "tools/list": tools, "tools/call": answer });
    expect(await call("far__do")).toEqual({ text: "done" });
  });

  test.each<[string, (each: RawRequest) => void]>([
    [
      "400",
      respond(400, (id) => ({ jsonrpc: "2.0", id, error: { code: -32_602, message: "no such order" } })),
    ],
    [
      "500",
      respond(500, (id) => ({ jsonrpc: "2.0", id, error: { code: -32_603, message: "no such order" } })),
    ],
    [
      "404",
      respond(404, (id) => ({ jsonrpc: "2.0", id, error: { code: -32_602, message: "no such order" } })),
    ],
    [
      "-32000",
      respond(200, (id) => ({ jsonrpc: "2.0", id, error: { code: -32_000, message: "no such order" } })),
    ],
    [
      "-32001",
      respond(200, (id) => ({ jsonrpc: "2.0", id, error: { code: -32_001, message: "no such order" } })),
    ],
    [
      "no id",
      respond(200, () => ({ jsonrpc: "2.0", id: null, error: { code: -32_000, message: "no such order" } })),
    ],
    ["an error that is text", respond(200, (id) => ({ jsonrpc: "2.0", id, error: "no such order" }))],
    [
      "a code that is text",
      respond(200, (id) => ({ jsonrpc: "2.0", id, error: { code: "E1", message: "no such order" } })),
    ],
  ])("a refusal with %s is the server's own word", async (_, answer) => {
    const { server, call } = await rawMcp({ "tools/list": tools, "tools/call": answer });
    const failed = await call("far__do").catch((error: unknown) => error);
    expect(failed).toMatchObject({ message: expect.stringContaining("no such order"), uncertain: false });
    expect(server.calls).toHaveLength(1);
  });
});

describe("an answer that ends early is told at once: its outcome is unknown", () => {
  const note = {
    jsonrpc: "2.0",
    method: "notifications/message",
    params: { level: "info", data: "working" },
  };
  test.each<[string, (each: RawRequest) => void]>([
    ["a stream that ends", (each) => stream(each).end()],
    [
      "a stream that ends after something else",
      (each) => {
        const answer = stream(each);
        answer.send(note);
        answer.end();
      },
    ],
    [
      "a stream that is cut in the middle of its answer",
      (each) => {
        const answer = stream(each);
        each.response.write('data: {"jsonrpc":"2.0","id":');
        answer.cut();
      },
    ],
    [
      "a stream with an answer to something else",
      (each) => {
        const answer = stream(each);
        answer.send({ jsonrpc: "2.0", id: 9_999, result: {} });
        answer.end();
      },
    ],
    ["202 and nothing", ({ response }) => void response.writeHead(202).end()],
    ["204", ({ response }) => void response.writeHead(204).end()],
    [
      "an empty body",
      ({ response }) => void response.writeHead(200, { "content-type": "application/json" }).end(),
    ],
    [
      "a page of a proxy",
      ({ response }) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
    ],
    ["a connection that is closed", ({ request }) => void request.socket.destroy()],
    ["502", ({ response }) => void response.writeHead(502).end("bad gateway")],
  ])("%s", async (_, answer) => {
    const { server, call } = await rawMcp({ "tools/list": tools, "tools/call": answer });
    const outcome: unknown[] = [];
    void call("far__do").catch((error: unknown) => outcome.push(error));
    await expect.poll(() => outcome).toHaveLength(1);
    expect(outcome[0]).toMatchObject({ uncertain: true, message: expect.stringMatching(UNKNOWN) });
    expect(server.calls).toHaveLength(1);
    // The next call is answered.
    server.answer({ "tools/call": { content: [] } });
    await expect.poll(() => call("far__do").catch(String)).toEqual({});
  });

  test("a result that stands behind others in its stream, or without its last line break, has arrived", async () => {
    const { call } = await rawMcp({
      "tools/list": tools,
      "tools/call": (each: RawRequest) => {
        const answer = stream(each);
        answer.send(note);
        each.response.write(": still there\r\n\r\nid: 7\r\nretry: 10\r\n");
        const result = { content: [{ type: "text", text: "done" }] };
        each.response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: each.id, result })}\n`);
        answer.end();
      },
    });
    expect(await call("far__do")).toEqual({ text: "done" });
  });

  test("a stream that the server says can be gone on with is gone on with", async () => {
    const { server, call } = await rawMcp({
      "tools/list": tools,
      "tools/call": (each: RawRequest) => {
        stream(each);
        each.response.end("id: 41\nretry: 1\ndata:\n\n");
        server.resume(({ request, response }) => {
          if (request.headers["last-event-id"] !== "41") return void response.writeHead(400).end();
          response.writeHead(200, { "content-type": "text/event-stream" });
          const result = { content: [{ type: "text", text: "later" }] };
          response.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id: each.id, result })}\n\n`);
        });
      },
    });
    expect(await call("far__do")).toEqual({ text: "later" });
    server.resume(({ response }) => void response.writeHead(405).end());
    server.answer({
      "tools/call": (each: RawRequest) => {
        stream(each);
        each.response.end("id: 42\ndata:\n\n");
      },
    });
    await expect(call("far__do")).rejects.toThrow(UNKNOWN);
  });
});

describe("a session that the server has forgotten", () => {
  const tell =
    (status: number, body: unknown, type = "application/json") =>
    ({ response }: RawRequest) => {
      response.writeHead(status, { "content-type": type });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
  const error = (message: string, id: unknown = null, code = -32_000) => ({
    jsonrpc: "2.0",
    error: { code, message },
    id,
  });
  test.each<[string, (each: RawRequest) => void]>([
    ["400, no valid session", tell(400, error("Bad Request: No valid session ID provided"))],
    ["400, not initialized", tell(400, error("Bad Request: Server not initialized"))],
    ["400 in words", tell(400, "Invalid session ID", "text/plain")],
    ["400, an id of its own", tell(400, error("Bad Request: Missing session ID", "server-error", -32_600))],
    ["400, the call's id", (each) => tell(400, error("Session expired", each.id, -32_001))(each)],
    ["404", tell(404, "")],
    ["404 with a reason", (each) => tell(404, error("Session not found", each.id, -32_001))(each)],
    ["410", tell(410, "Gone")],
  ])("%s: a new session, and the call is made in it, once", async (_, told) => {
    const { server, call } = await rawMcp({
      "tools/list": tools,
      "tools/call": { content: [{ type: "text", text: "done" }] },
    });
    server.forget(told);
    expect(await call("far__do")).toEqual({ text: "done" });
    expect(server.calls).toHaveLength(1);
    expect(server.sessions()).toBe(2);
  });

  test("a server that knows no session for a call at all is not asked for ever, and nothing was run", async () => {
    const { server, call } = await rawMcp({
      "tools/list": tools,
      "tools/call": tell(400, error("Bad Request: No valid session ID provided")),
    });
    const failed = await call("far__do").catch((problem: unknown) => problem);
    expect(failed).toMatchObject({ uncertain: false, message: expect.stringContaining("unavailable") });
    expect(server.calls).toHaveLength(2);
  });

  test("400 that says nothing of a session may have run: it is not called again", async () => {
    const { server, call } = await rawMcp({
      "tools/list": tools,
      "tools/call": tell(400, "no", "text/plain"),
    });
    await expect(call("far__do")).rejects.toThrow(UNKNOWN);
    expect(server.calls).toHaveLength(1);
    expect(server.sessions()).toBe(1);
  });

  test("a tool that is forbidden takes no other tool away", async () => {
    const { server, call } = await rawMcp({
      "tools/list": { tools: [plainTool("do"), plainTool("secret")] },
      "tools/call": (each: RawRequest) =>
        each.params.name === "secret" ? void each.response.writeHead(403).end() : { content: [] },
    });
    const failed = await call("far__secret").catch((problem: unknown) => problem);
    expect(failed).toMatchObject({ uncertain: false, message: expect.stringContaining("HTTP 403") });
    expect(await call("far__do")).toEqual({});
    expect(server.sessions()).toBe(1);
  });
});
