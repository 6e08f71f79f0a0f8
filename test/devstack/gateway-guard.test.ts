import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { closeAll, gateway } from "./gateway-fixture.ts";

afterEach(closeAll);

const published: unknown[] = [];
const events = {
  publish: (_channels: readonly string[], message: string) => void published.push(message),
  close: async () => {},
};

/** fetch writes the Host header itself. */
function statusOf(base: string, path: string, host: string): Promise<number | undefined> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

test.each([
  "evil.example",
  "evil.example:8080",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "0x7f.1",
])("a page that reached this machine under the name %j cannot read the mailbox", async (host) => {
  const base = await gateway();
  expect(await statusOf(base, "/dev/mailbox", host)).toBe(403);
  expect(await statusOf(base, "/", host)).toBe(403);
});

test.each(["localhost:8080", "LOCALHOST", "127.0.0.1:1234", "[::1]:8080", "dwp.localhost:8080"])(
  "%s is this machine",
  async (host) => {
    expect(await statusOf(await gateway(), "/dev/mailbox", host)).toBe(200);
  },
);

test("an event is published by a form of this page or by JSON, never by another site's form", async () => {
  const base = await gateway({ events });
  const post = async (headers: Record<string, string>, body: string) =>
    (await fetch(`${base}/dev/events`, { method: "POST", headers, body })).status;
  const json = '{"kind":"approval","title":"T"}';
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect(await post({ ...form, origin: "http://evil.example" }, "kind=approval&title=T")).toBe(403);
  expect(await post({ ...form, origin: "null" }, "kind=approval&title=T")).toBe(403);
  expect(await post(form, "kind=approval&title=T")).toBe(403);
  // What a page of anybody's may send without being asked for leave.
  expect(await post({ "content-type": "text/plain" }, json)).toBe(403);
  expect(published).toEqual([]);
  expect(await post({ ...form, origin: base }, "kind=approval&title=T")).toBe(200);
  expect(await post({ "content-type": "application/json; charset=utf-8" }, json)).toBe(200);
  expect(published.length).toBeGreaterThan(0);
});
