import { afterEach, expect, test } from "vitest";
import { commentFrame, doneFrame, eventFrame } from "../../src/http/frame.ts";
import { closeAll, gateway, tenant, upstream } from "./gateway-fixture.ts";

afterEach(closeAll);

const content = (seq: number, text: string) =>
  eventFrame(
    "run-1",
    { seq, at: 0, event: { type: "content", data: { content: text, format: "markdown", messageId: "m" } } },
    true,
  );

test("[R8.1] [R8.28] our writes go through the Gateway as they are, one by one and several in one", async () => {
  const writes = [
    commentFrame("run-1", 0, "aura"),
    commentFrame("run-1", 0, "heartbeat"),
    content(1, "안녕하세요 😀"),
    commentFrame("run-1", 1, "heartbeat"),
    content(2, "é".repeat(500)) + content(3, "끝"),
    doneFrame("run-1", 3),
  ];
  const auraUrl = await upstream(async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const write of writes) await new Promise((sent) => response.write(write, sent));
    response.end();
  });
  const answer = await fetch(`${await gateway({ auraUrl })}/api/aura/test/stream`, { headers: tenant });
  expect(await answer.text()).toBe(writes.join(""));
});
