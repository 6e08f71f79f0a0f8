import type { BackendLogger } from "../backend-logger.ts";
import { backendError } from "./commands.ts";
import type { RedisConnection } from "./connection.ts";

export interface SubscriptionListener {
  onMessage(channel: string, message: string): void;
  /** The connection was lost and the subscription is back: messages in between are gone. */
  onResubscribed(): void;
}

/** All of the process's subscriptions, on one connection. */
export interface Subscriber {
  /**
   * Resolves once Redis has confirmed the subscription; the returned function ends it.
   * Rejects with BackendUnavailableError.
   */
  subscribe(channel: string, listener: SubscriptionListener): Promise<() => void>;
  /** The same for every channel that matches a glob pattern. */
  psubscribe(pattern: string, listener: SubscriptionListener): Promise<() => void>;
  /** Resolves when Redis answers on this connection; rejects with BackendUnavailableError. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

interface Topic {
  listeners: Set<SubscriptionListener>;
  subscribed: Promise<unknown>;
}

/** Names per command, so that ten thousand watchers do not come back in one giant one. */
const CHUNK = 500;
/** Without traffic only a question shows that the other side of a connection has gone. */
const HEARTBEAT_MS = 10_000;

export function createSubscriber(connection: RedisConnection, logger: BackendLogger): Subscriber {
  const { client } = connection;
  const channels = createTopics(connection, logger, {
    subscribe: (names) => client.subscribe(...names),
    unsubscribe: (name) => client.unsubscribe(name),
  });
  const patterns = createTopics(connection, logger, {
    subscribe: (names) => client.psubscribe(...names),
    unsubscribe: (name) => client.punsubscribe(name),
  });
  client.on("message", (channel: string, message: string) => channels.hear(channel, channel, message));
  client.on("pmessage", patterns.hear);
  client.on("ready", () => {
    Promise.all([channels.restore(), patterns.restore()]).catch((err) => {
      // Half a subscription would go unnoticed: begin again on a new connection.
      if (client.status !== "ready") return;
      logger.error({ err: backendError(err, []) }, "resubscribing failed");
      client.disconnect(true);
    });
  });

  const heartbeat = setInterval(() => {
    if (client.status === "ready") client.ping().catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    subscribe: channels.join,
    psubscribe: patterns.join,
    async ping() {
      await connection.opened;
      try {
        await client.ping();
      } catch (error) {
        throw backendError(error, []);
      }
    },
    async close() {
      clearInterval(heartbeat);
      await connection.close();
    },
  };
}

interface SubscribeCommands {
  subscribe(names: string[]): Promise<unknown>;
  unsubscribe(name: string): Promise<unknown>;
}

/** What is subscribed to by one pair of commands, and who listens. */
function createTopics({ opened }: RedisConnection, logger: BackendLogger, commands: SubscribeCommands) {
  const topics = new Map<string, Topic>();

  const notify = (
    listeners: Iterable<SubscriptionListener>,
    call: (listener: SubscriptionListener) => void,
  ) => {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (err) {
        logger.error({ err }, "a listener failed");
      }
    }
  };

  // Redis takes a connection's commands in order: when the last listener of a topic leaves and another comes
  // at once, UNSUBSCRIBE is followed by SUBSCRIBE, and the newcomer waits for the answer to the latter.
  const leave = (name: string, topic: Topic, listener: SubscriptionListener) => {
    if (!topic.listeners.delete(listener) || topic.listeners.size > 0) return;
    topics.delete(name);
    // It fails only when the connection is lost, and the subscription with it.
    commands.unsubscribe(name).catch(() => {});
  };

  return {
    hear(name: string, channel: string, message: string): void {
      notify(topics.get(name)?.listeners ?? [], (listener) => listener.onMessage(channel, message));
    },
    /** Subscribes again on a new connection. */
    async restore(): Promise<void> {
      const lost = [...topics];
      const names = lost.map(([name]) => name);
      const sent: Promise<unknown>[] = [];
      for (let at = 0; at < names.length; at += CHUNK) {
        sent.push(commands.subscribe(names.slice(at, at + CHUNK)));
      }
      await Promise.all(sent);
      for (const [, { listeners }] of lost) notify(listeners, (listener) => listener.onResubscribed());
    },
    async join(name: string, { onMessage, onResubscribed }: SubscriptionListener): Promise<() => void> {
      await opened;
      // An object of its own per call: one listener may join twice and leave once.
      const listener = { onMessage, onResubscribed };
      const topic = topics.get(name) ?? { listeners: new Set(), subscribed: commands.subscribe([name]) };
      topics.set(name, topic);
      topic.listeners.add(listener);
      try {
        await topic.subscribed;
      } catch (error) {
        leave(name, topic, listener);
        throw backendError(error, [name]);
      }
      return () => leave(name, topic, listener);
    },
  };
}
