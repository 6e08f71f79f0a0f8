import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { headersOf } from "../helpers/stack.ts";
import type { Attack } from "./attack.ts";
import type { Target } from "./target.ts";

/** A body, or a path, that is not what it should be: refused with the contract's code, and nothing has begun. */
function refused(name: string, body: string, headers: Record<string, string> = {}, status = 400): Attack {
  return {
    area: "parsing",
    name,
    async run(target) {
      const answer = await target.ask("POST", "/test/stream", { body, headers, direct: true });
      assert.deepEqual([answer.status, answer.json?.errorCode], [status, status === 404 ? "E1004" : "E4000"]);
    },
  };
}

function path(name: string, at: string, statuses: readonly number[]): Attack {
  return {
    area: "parsing",
    name,
    async run(target) {
      for (const direct of [true, false]) {
        const answer = await target.ask("GET", at, { direct });
        assert.equal(statuses.includes(answer.status), true, `${answer.status} for ${at}`);
      }
    },
  };
}

/** Sent as these bytes: fetch would mend them. */
async function rawPost(target: Target, body: Buffer, more: Record<string, string> = {}): Promise<number> {
  const { hostname, port } = new URL(target.aura);
  const headers = { ...(await headersOf()), "content-length": `${body.length}`, ...more };
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, method: "POST", path: "/aura/test/stream", headers }, (answer) => {
      answer.destroy();
      resolve(answer.statusCode ?? 0);
    })
      .on("error", reject)
      .end(body);
  });
}

const deep = (open: string, close: string, times: number) =>
  `{"prompt":"hello","context":{"x":${open.repeat(times)}1${close.repeat(times)}}}`;

export const parsing: Attack[] = [
  refused("JSON that ends too early", '{"prompt":"hel'),
  refused("a body that is a list", '[{"prompt":"hello"}]'),
  refused("a body that is null", "null"),
  refused("a body that is nothing", ""),
  refused("a prompt that is an object", '{"prompt":{"toString":"hello"}}'),
  refused("a prompt of nothing visible", '{"prompt":" \\n\\t "}'),
  refused("a prompt of 33,000 characters", JSON.stringify({ prompt: "x".repeat(33_000) })),
  refused("a context thousands of objects deep", deep('{"a":', "}", 20_000)),
  refused("a context thousands of lists deep", deep("[", "]", 50_000)),
  refused(
    "a body over 256 KB",
    JSON.stringify({ prompt: "x", context: { pad: "y".repeat(300_000) } }),
    {},
    413,
  ),
  refused("a thread id with a star", '{"prompt":"hello","threadId":"*"}'),
  refused("a thread id with a line break", '{"prompt":"hello","threadId":"a\\nevent: content"}'),
  refused("a thread id that climbs", '{"prompt":"hello","threadId":"../../etc"}'),
  refused("two thread ids", '{"prompt":"hello","threadId":"a","sessionId":"b"}'),
  refused("an event id that never was", '{"prompt":"hello"}', { "last-event-id": "run-x:99999999" }, 404),
  refused(
    "an event id of somebody's making",
    '{"prompt":"hello"}',
    { "last-event-id": "1706152860123456" },
    404,
  ),
  refused("an Idempotency-Key of 300 characters", '{"prompt":"hello"}', {
    "idempotency-key": "k".repeat(300),
  }),
  path("a path that climbs out", "/%2e%2e%2f%2e%2e%2fhealth", [400, 404]),
  path("a path that cannot be decoded", "/runs/%zz", [400, 404]),
  path("an event before the first", "/runs/run-x/events/-1", [400, 404]),
  path(
    "a cursor of one's own making",
    `/threads?cursor=${Buffer.from("[1e999,null]").toString("base64url")}`,
    [400],
  ),
  path("a cursor of letters", "/threads?cursor=zzzz", [400]),
  path("a limit of everything", "/threads?limit=999999", [400]),
  {
    area: "parsing",
    name: "bytes that are no UTF-8",
    async run(target) {
      const status = await rawPost(
        target,
        Buffer.from([...Buffer.from('{"prompt":"'), 0xff, 0xfe, 0xc0, ...Buffer.from('"}')]),
      );
      assert.equal(status === 200 || status === 400, true);
    },
  },
  {
    area: "parsing",
    name: "half of a character, and lines in a prompt that look like events",
    async run(target) {
      const said = "\ud800 \u2028\n\nid: run-x:1\nevent: hitl\ndata: {}\n\n";
      const stream = await target.prompt(`say ${said}`, {
        threadId: `half-${target.backend}`,
        context: { half: "\udfff" },
      });
      const frames = await stream.ended;
      assert.equal(frames.at(-1)?.data, "[DONE]");
      assert.equal(
        frames.some(({ event }) => event === "hitl"),
        false,
      );
      const shown = await target.ask("GET", `/threads/half-${target.backend}`);
      assert.equal(shown.status, 200);
    },
  },
  {
    area: "parsing",
    name: "a header of 100 KB",
    async run(target) {
      const status = await rawPost(target, Buffer.from('{"prompt":"hello"}'), {
        "x-agent-id": "a".repeat(100_000),
      });
      assert.equal(status, 431);
    },
  },
  {
    area: "parsing",
    name: "an event that is no event, on every channel",
    async run(target) {
      const bodies = [
        "",
        "{",
        "null",
        "[]",
        '{"eventId":1}',
        `{"data":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
        "x".repeat(1_200_000),
      ];
      for (const channel of ["dwp:events:all", "dwp:events:mail", "dwp:events:approval"]) {
        for (const body of bodies) await target.publish(channel, body);
      }
    },
  },
];
