import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Between a client and Redis, so that the connection can be cut at a chosen moment. */
export interface TcpProxy {
  port: number;
  /** Cuts the connection when the client next says something: before Redis hears it. */
  cutBeforeRequest(): void;
  /** Cuts it when Redis next answers: it has done what it was asked to. */
  cutBeforeReply(): void;
  close(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let cut: "request" | "reply" | null = null;

  const server = createServer((client) => {
    const redis = connect(target.port, target.host);
    const end = () => {
      client.destroy();
      redis.destroy();
    };
    const forward = (from: Socket, to: Socket, kind: "request" | "reply") => {
      sockets.add(from);
      from.on("error", end).on("close", end);
      from.on("data", (data) => {
        if (cut !== kind) return to.write(data);
        cut = null;
        return end();
      });
    };
    forward(client, redis, "request");
    forward(redis, client, "reply");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();

  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cutBeforeRequest() {
      cut = "request";
    },
    cutBeforeReply() {
      cut = "reply";
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
