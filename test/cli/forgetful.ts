import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";

/**
 * A way to the Gateway on which the answers to what is sent (decisions, edits) get lost.
 *
 * @param times how many of them, the first ones
 */
export async function startForgetful(target: string, times = Number.POSITIVE_INFINITY) {
  let forgotten = 0;
  const server = createServer(async (request, response) => {
    const { authorization = "" } = request.headers;
    const names = ["x-tenant-id", "x-user-id", "content-type"];
    const headers = Object.fromEntries(names.map((name) => [name, `${request.headers[name] ?? ""}`]));
    const { method = "GET" } = request;
    const body = method === "POST" ? { body: await textOf(request) } : {};
    const answer = await fetch(`${target}${request.url}`, {
      ...{ method, headers: { authorization, ...headers } },
      ...body,
    });
    const text = await answer.text();
    if (method === "POST" && forgotten < times) {
      forgotten += 1;
      return void request.socket.destroy();
    }
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get forgotten() {
      return forgotten;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
