import assert from "node:assert/strict";
import { eventsOf, isEnd, type SseStream } from "../helpers/sse-client.ts";
import type { Attack } from "./attack.ts";
import type { Target } from "./target.ts";

/** While it goes on the service answers others, and then it is over: with an answer or with a clear error, never in silence. */
async function endsWhileOthersAreServed(
  target: Target,
  stream: SseStream,
): Promise<ReturnType<typeof eventsOf>> {
  const ended = stream.ended.catch(() => stream.frames);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    await target.alive();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  const frames = await ended;
  assert.equal(frames.slice(-1).some(isEnd), true);
  return eventsOf(frames);
}

function bounded(name: string, prompt: string, most: { events: number; characters: number }): Attack {
  return {
    area: "exhaustion",
    name,
    alone: true,
    async run(target) {
      const stream = await target.prompt(prompt, {
        threadId: `big-${name.replaceAll(/[^a-z]/g, "-")}-${target.backend}`,
      });
      const events = await endsWhileOthersAreServed(target, stream);
      const characters = events.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
      assert.equal(events.length <= most.events, true, `${events.length} events`);
      assert.equal(characters <= most.characters, true, `${characters} characters`);
      const next = await target.prompt("hello", {
        threadId: stream.response.headers.get("x-thread-id") ?? "",
      });
      assert.equal((await next.ended).at(-1)?.data, "[DONE]");
    },
  };
}

const SOME = { events: 60_000, characters: 40_000_000 };
const FEW = { events: 300, characters: 2_000_000 };

/** Arguments that a stranger's schema is slow to look at; nobody is asked, or somebody is: the process goes on. */
function slowSchema(name: string, tool: string, args: unknown): Attack {
  return {
    area: "exhaustion",
    name,
    alone: true,
    async run(target) {
      const stream = await target.prompt(`!call far__${tool} ${JSON.stringify(args)}`, {
        threadId: `schema-${tool}-${target.backend}`,
      });
      await Promise.race([stream.ended, stream.event("hitl").catch(() => {})]);
      stream.close();
      await target.alive();
    },
  };
}

export const exhaustion: Attack[] = [
  bounded("a thousand calls in one message", "!flood current_time 1000", FEW),
  bounded("ten thousand calls in one message", "!flood current_time 10000", FEW),
  bounded("an answer without an end", "!endless text", SOME),
  bounded("thoughts without an end", "!endless thoughts", SOME),
  bounded("arguments without an end", "!endless arguments", FEW),
  bounded("half a megabyte of opened thoughts in a plan", "!plan %80000*<think>%{", FEW),
  bounded("half a megabyte of opened fences in a plan", "!plan %80000*```json%{", FEW),
  bounded("a plan nested without an end", "!plan %60000*[%", FEW),
  {
    area: "exhaustion",
    name: "a tool's arguments nested thousands deep",
    async run(target) {
      const threadId = `nested-${target.backend}`;
      for (const depth of [150, 2_000, 100_000]) {
        const nested = `{"text":"x","deep":%${depth}*[%1%${depth}*]%}`;
        const stream = await target.prompt(`!call far__free ${nested}`, { threadId });
        const events = eventsOf(await stream.ended);
        // The model is told, and the run goes on; nothing of it has reached the server.
        const statuses = events
          .filter(({ type }) => type === "tool_execution")
          .map(({ data }) => data.status);
        assert.deepEqual(statuses, ["failed"]);
        assert.equal(
          events.some(({ type }) => type === "error"),
          false,
        );
      }
    },
  },
  slowSchema("a pattern that runs for minutes", "redos", { text: `${"a".repeat(60)}!` }),
  slowSchema("a pattern for names that runs for minutes", "redos2", { [`${"a".repeat(80)}!`]: "x" }),
  slowSchema("a pattern that no linear engine reads", "lookahead", { text: `${"a".repeat(60)}!` }),
  slowSchema("a schema with eight million branches", "branches", { text: "x" }),
  slowSchema("a schema that means itself", "ring", { text: "x" }),
  {
    area: "exhaustion",
    name: "many prompts of one user beside one of another",
    alone: true,
    async run(target) {
      const person = { user: "user456", tenant: "2" };
      const crowd = await Promise.all(
        Array.from({ length: 150 }, (_, at) =>
          target.prompt("hello", { threadId: `crowd-${at}-${target.backend}` }),
        ),
      );
      const other = await target.prompt("hello", { threadId: `other-${target.backend}`, person });
      assert.equal((await other.ended).at(-1)?.data, "[DONE]");
      for (const stream of crowd) {
        assert.equal([200, 429].includes(stream.response.status), true);
        stream.close();
      }
    },
  },
  {
    area: "exhaustion",
    name: "events by the thousand beside a chat",
    alone: true,
    async run(target) {
      const event = (at: number) =>
        JSON.stringify({
          eventId: `flood-${at}`,
          eventType: "X",
          tenantId: "t",
          userId: "u",
          timestamp: 1_700_000_000,
          pad: "x".repeat(500),
        });
      const flood = (async () => {
        for (let at = 0; at < 2_000; at += 1) await target.publish("dwp:events:all", event(at));
      })();
      const stream = await target.prompt("hello", { threadId: `beside-${target.backend}` });
      assert.equal((await stream.ended).at(-1)?.data, "[DONE]");
      await flood;
    },
  },
];
