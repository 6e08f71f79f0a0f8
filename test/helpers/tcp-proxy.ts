import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Between a client and its server (the service and its Redis, say), so that the network can fail. */
export interface FaultyProxy {
  port: number;
  /** Cuts every connection now. */
  cut(): void;
  /** Cuts the next connection on which the client says something: before the server hears it. */
  cutBeforeRequest(): void;
  /** Cuts the next one on which the server answers: it has done what it was asked to. */
  cutBeforeReply(): void;
  /** Cuts every connection and refuses new ones until `heal`. */
  block(): void;
  /** Delays every packet by this many ms from now on. */
  slow(ms: number): void;
  /** Lets through nothing more of what is sent on connections that call themselves so (CLIENT SETNAME), until `heal`. */
  hold(name: string): void;
  heal(): void;
  close(): Promise<void>;
}

/** Bytes at the beginning of a connection, in which it says its name. */
const GREETING = 1_000;

type Direction = "request" | "reply";

export async function startFaultyProxy(target: { host: string; port: number }): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  let blocked = false;
  let delayMs = 0;
  let held: { name: string; healed: PromiseWithResolvers<void> } | null = null;
  let cutAt: Direction | null = null;

  const forward = (from: Socket, to: Socket, direction: Direction) => {
    sockets.add(from);
    // Chained, so that a packet with a shorter delay does not overtake.
    let last = Promise.resolve();
    let greeting = "";
    from.on("data", (data) => {
      if (cutAt === direction) {
        cutAt = null;
        from.destroy();
        to.destroy();
        return;
      }
      const wait = delayMs;
      if (greeting.length < GREETING) greeting += data.toString("latin1").slice(0, GREETING);
      const hold = held !== null && greeting.includes(held.name) ? held.healed.promise : null;
      last = last.then(async () => {
        if (hold !== null) await hold;
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (!to.destroyed) to.write(data);
      });
    });
    const end = () => {
      sockets.delete(from);
      to.destroy();
    };
    from.on("error", end).on("close", end);
  };
  const server = createServer((client) => {
    if (blocked) return void client.destroy();
    const redis = connect(target.port, target.host);
    forward(client, redis, "request");
    forward(redis, client, "reply");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of [...sockets]) socket.destroy();
  };

  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutBeforeRequest() {
      cutAt = "request";
    },
    cutBeforeReply() {
      cutAt = "reply";
    },
    block() {
      blocked = true;
      cut();
    },
    slow(ms) {
      delayMs = ms;
    },
    hold(name) {
      held ??= { name, healed: Promise.withResolvers<void>() };
    },
    heal() {
      blocked = false;
      delayMs = 0;
      held?.healed.resolve();
      held = null;
    },
    async close() {
      held?.healed.resolve();
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
