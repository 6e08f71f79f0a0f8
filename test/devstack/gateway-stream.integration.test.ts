import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { throughSseFilter } from "../../devstack/gateway-stream.ts";
import { closeAll, eventStream, gateway, nextChunk, tenant, upstream } from "./gateway-fixture.ts";

afterEach(closeAll);

describe("[R8.21] body limit", () => {
  const limit = 256 * 1024;
  type Body = NonNullable<RequestInit["body"]>;
  const post = (base: string, body: Body) =>
    fetch(`${base}/api/aura/x`, {
      method: "POST",
      headers: { ...tenant, "content-type": "application/json" },
      body,
      duplex: "half",
    });

  test("256 KB pass", async () => {
    const base = await gateway();
    expect((await post(base, "x".repeat(limit))).status).toBe(200);
  });

  test.each([
    ["with a length", () => "x".repeat(300 * 1024)],
    ["chunked", () => Readable.toWeb(Readable.from([Buffer.alloc(200 * 1024), Buffer.alloc(100 * 1024)]))],
  ])("more is 413 E4000, %s, and never reaches the service", async (_name, body) => {
    let calls = 0;
    const auraUrl = await upstream((_request, response) => {
      calls += 1;
      response.end();
    });
    const base = await gateway({ auraUrl });
    const response = await post(base, body() as Body);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ status: "ERROR", errorCode: "E4000" });
    expect(calls).toBe(0);
  });
});

describe("streams", () => {
  test("[R8.23] chunks flow one by one; one without an id gets a foreign one", async () => {
    const { url, started } = await eventStream({ "x-run-id": "r1" });
    const base = await gateway({ auraUrl: url });
    const response = await fetch(`${base}/api/aura/test/stream`, { headers: tenant });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("x-run-id")).toBe("r1");
    const reader = response.body!.getReader();
    const { response: service } = await started;

    const own = 'id: r1:1\nevent: thought\ndata: {"a":1}\n\n';
    service.write(own);
    expect(await nextChunk(reader)).toBe(own);
    service.write(": heartbeat\n\n");
    expect(await nextChunk(reader)).toMatch(/^id: \d{16}\n: heartbeat\n\n$/);
    service.write("data: second half");
    expect(await nextChunk(reader)).toMatch(/^id: \d{16}\ndata: second half$/);
    service.end("id: r1:2\ndata: [DONE]\n\n");
    expect(await nextChunk(reader)).toBe("id: r1:2\ndata: [DONE]\n\n");
    expect((await reader.read()).done).toBe(true);
  });

  test("other responses are left alone", async () => {
    const auraUrl = await upstream((_request, response) => {
      response.setHeader("content-type", "application/json").end('{"a":1}');
    });
    const base = await gateway({ auraUrl });
    const response = await fetch(`${base}/api/aura/x`, { headers: tenant });
    expect(await response.text()).toBe('{"a":1}');
    expect(response.headers.get("x-accel-buffering")).toBeNull();
  });

  test("a client's disconnect reaches the service, within a stream and before the answer", async () => {
    const { url, started } = await eventStream();
    const base = await gateway({ auraUrl: url });
    const within = new AbortController();
    await fetch(`${base}/api/aura/test/stream`, { headers: tenant, signal: within.signal });
    const { closed } = await started;
    within.abort();
    await closed;

    const { promise: asked, resolve } = Promise.withResolvers<{ closed: Promise<unknown> }>();
    const silentUrl = await upstream((_request, response) => resolve({ closed: once(response, "close") }));
    const silent = await gateway({ auraUrl: silentUrl });
    const before = new AbortController();
    const pending = fetch(`${silent}/api/aura/x`, {
      method: "POST",
      body: "{}",
      headers: tenant,
      signal: before.signal,
    }).catch((error: Error) => error.name);
    const { closed: silentClosed } = await asked;
    before.abort();
    await silentClosed;
    expect(await pending).toBe("AbortError");
  });

  test("a service that breaks off breaks the client's stream", async () => {
    const { url, started } = await eventStream();
    const base = await gateway({ auraUrl: url });
    const response = await fetch(`${base}/api/aura/test/stream`, { headers: tenant });
    const { response: service } = await started;
    service.destroy();
    await expect(response.text()).rejects.toThrow();
  });

  test("a slow reader slows the service down", async () => {
    const { url, started } = await eventStream();
    const base = await gateway({ auraUrl: url });
    const response = await fetch(`${base}/api/aura/test/stream`, { headers: tenant });
    const { response: service } = await started;
    const chunk = Buffer.alloc(64 * 1024, "id: 1\n");
    let written = 0;
    // Far more than all socket buffers on the way can hold; without backpressure it would all be taken.
    const all = 64 * 1024 * 1024;
    const stalled = async () => {
      while (written < all) {
        written += chunk.length;
        if (service.write(chunk)) continue;
        const drained = once(service, "drain").then(() => true);
        if (!(await Promise.race([drained, quiet()]))) return;
      }
    };
    await stalled();
    expect(written).toBeLessThan(all);
    await response.body?.cancel();
  });

  test("a silent stream is cut after the idle timeout", async () => {
    const { url, started } = await eventStream();
    const base = await gateway({ auraUrl: url, idleTimeoutMs: 1_000 });
    const response = await fetch(`${base}/api/aura/test/stream`, { headers: tenant });
    const { closed } = await started;
    await expect(response.text()).rejects.toThrow();
    await closed;
  });
});

describe("[R8.23] every buffer is decoded as UTF-8 by itself", () => {
  const content = "내일 3시 회의, 𝄞 and é";
  const frame = (json: string) => `id: r1:1\nevent: content\ndata: ${json}\nid: r1:1\n\n`;
  const raw = frame(JSON.stringify({ content }));
  const ascii = frame(
    JSON.stringify({ content }).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );
  const contentOf = (text: string) => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "").content;

  /** What arrives of a frame in two buffers, the second of which is sent when the first has arrived. */
  const arrived = async (base: string, service: Promise<ServerResponse>, frame: Buffer, at: number) => {
    const reader = (await fetch(`${base}/api/aura/test/stream`, { headers: tenant })).body!.getReader();
    const response = await service;
    response.write(frame.subarray(0, at));
    const pieces = [(await reader.read()).value ?? new Uint8Array()];
    response.end(frame.subarray(at));
    pieces.push((await reader.read()).value ?? new Uint8Array());
    // Decoded only now, as a client does that knows of characters on both sides of an edge.
    return Buffer.concat(pieces).toString();
  };

  /** The same for every place where it can be cut. */
  const cutEverywhere = async (text: string) => {
    let service = Promise.withResolvers<ServerResponse>();
    const auraUrl = await upstream((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      service.resolve(response);
    });
    const base = await gateway({ auraUrl });
    const bytes = Buffer.from(text);
    const seen: { at: number; text: string }[] = [];
    for (let at = 1; at < bytes.length; at += 1) {
      service = Promise.withResolvers();
      seen.push({ at, text: await arrived(base, service.promise, bytes, at) });
    }
    return seen;
  };

  test("a character that is cut arrives as replacement characters, some on either side", async () => {
    const bytes = Buffer.from(raw);
    for (const { at, text } of await cutEverywhere(raw)) {
      const isCut = ((bytes[at] ?? 0) & 0xc0) === 0x80;
      if (!isCut) {
        expect(contentOf(text)).toBe(content);
        continue;
      }
      // One for what came before the edge, one per byte behind it: two, or more when the edge came early.
      const behind = bytes.subarray(at).findIndex((byte) => (byte & 0xc0) !== 0x80);
      expect(contentOf(text).match(/\ufffd/g)).toHaveLength(1 + behind);
    }
  });

  test("JSON that is ASCII arrives whole, wherever it is cut", async () => {
    const seen = await cutEverywhere(ascii);
    expect(seen).toHaveLength(ascii.length - 1);
    for (const { text } of seen) expect(contentOf(text)).toBe(content);
  });

  test("of a buffer that is whole nothing changes: a byte order mark, a null, what is no character at all", () => {
    for (const whole of ["\ufeffid: 1\n\n", "id: \u0000\n\n", "id: \ufffd\ufffe\n\n", raw]) {
      expect(throughSseFilter(Buffer.from(whole)).toString()).toBe(whole);
    }
    const bytes = Buffer.concat([Buffer.from("id: "), Buffer.from([0xff, 0xc0, 0xed, 0xa0, 0x80])]);
    expect(throughSseFilter(bytes)).toEqual(Buffer.from(bytes.toString()));
  });
});

/** False once nothing has drained for a while. */
function quiet(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(resolve, 2_000, false));
}
