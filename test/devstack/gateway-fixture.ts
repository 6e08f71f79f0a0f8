import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, type GatewayOptions } from "../../devstack/gateway.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const opened: { close(): unknown }[] = [];

/** Closes what a test has opened; for afterEach. */
export async function closeAll(): Promise<void> {
  for (const thing of opened.splice(0).reverse()) await thing.close();
}

export async function upstream(handler: Handler): Promise<string> {
  const server: Server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.push({
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with what it was asked. */
export const echo =
  (name: string): Handler =>
  async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ name, method: request.method, url: request.url, headers: request.headers, body }),
    );
  };

export async function gateway(options: Partial<GatewayOptions> = {}): Promise<string> {
  const app = createGateway({
    auraUrl: options.auraUrl ?? (await upstream(echo("aura"))),
    mainUrl: options.mainUrl ?? (await upstream(echo("main"))),
    authUrl: options.authUrl ?? (await upstream(echo("auth"))),
    ...options,
  });
  opened.push(app);
  return app.listen({ port: 0, host: "127.0.0.1" });
}

/** What `echo` answered. */
export async function echoed(response: Promise<Response>): Promise<any> {
  return (await response).json();
}

export const tenant = { "x-tenant-id": "1" };

/** An upstream event stream whose response the test writes; `closed` resolves when the connection ends. */
export async function eventStream(headers: Record<string, string> = {}) {
  const { promise: started, resolve } = Promise.withResolvers<{
    response: ServerResponse;
    closed: Promise<unknown>;
  }>();
  const url = await upstream((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", ...headers });
    response.flushHeaders();
    resolve({ response, closed: once(response, "close") });
  });
  return { url, started };
}

export async function nextChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return Buffer.from(value ?? []).toString();
}
