import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { throughSseFilter } from "../../devstack/gateway-stream.ts";
import { decide, getJson, headersOf, type Stack, startStack } from "../helpers/stack.ts";
import { type CuttingProxy, framesOf, startCuttingProxy } from "./cutting-proxy.ts";

const promptOf = (subject: string) =>
  `kim@example.com 에게 제목 ${subject} 내용 내일 3시 𝄞 회의입니다 라고 메일 보내줘`;

/** `data` as a reader of the standard gets it, one per message. */
function dataOf(bytes: Buffer): string[] {
  const data: string[] = [];
  createParser({ onEvent: (event) => data.push(event.data) }).feed(bytes.toString());
  return data;
}

/** `data` as DWP's web client gets it: line by line. */
function linesOf(bytes: Buffer): string[] {
  const lines = bytes.toString().split("\n");
  return lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
}

describe("[R8.27] Korean through the Gateway, whose buffers end anywhere", () => {
  let stack: Stack;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(() => stack.aura.url);
    stack = await startStack({ backend: "embedded", gateway: { auraUrl: proxy.url } });
  });
  afterAll(async () => {
    await stack.close();
    await proxy.close();
  });

  /** Prompts, approves, and reads to the end; the bytes as they came. */
  const talk = async (base: string, threadId: string, subject: string) => {
    const response = await fetch(`${base}/aura/test/stream`, {
      method: "POST",
      headers: { ...(await headersOf()), accept: "text/event-stream" },
      body: JSON.stringify({ prompt: promptOf(subject), threadId }),
    });
    const pieces: Uint8Array[] = [];
    let hitl: any;
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      proxy.hasRead();
      const messages = dataOf(Buffer.concat(pieces)).filter((data) => data !== "[DONE]");
      const asked = messages.map((data) => JSON.parse(data)).find(({ type }) => type === "hitl");
      if (hitl !== undefined || asked === undefined) continue;
      hitl = asked.data;
      expect((await decide(stack, hitl.requestId, "approve")).status).toBe(200);
    }
    return { hitl, bytes: Buffer.concat(pieces) };
  };

  test("every frame that the service has sent reads the same wherever it is cut", async () => {
    const { bytes, hitl } = await talk(stack.aura.url, "korean-recorded", "회의");
    expect(hitl.message).toMatch(/[가-힣]/);
    const { frames, left } = framesOf(bytes);
    expect([frames.length > 5, left.toString()]).toEqual([true, ""]);
    for (const frame of frames) {
      for (let at = 1; at < frame.length; at += 1) {
        const arrived = Buffer.concat([
          throughSseFilter(frame.subarray(0, at)),
          throughSseFilter(frame.subarray(at)),
        ]);
        const where = `cut at ${at} of ${JSON.stringify(frame.toString())}`;
        expect(dataOf(arrived), where).toEqual(dataOf(frame));
        expect(linesOf(arrived), where).toEqual(linesOf(frame));
      }
    }
  });

  test.each([1, 3, 4, 17, 40, 60, 75, 90, 120, 150, 200, 300, 10_000])(
    "a prompt, its approval and its answer arrive whole, each frame cut at byte %i",
    async (at) => {
      proxy.at = at;
      const threadId = `korean-${at}`;
      const { bytes, hitl } = await talk(`${stack.url}/api`, threadId, `회의 ${at}`);
      expect(hitl.context).toMatchObject({ to: "kim@example.com", subject: `회의 ${at}` });
      expect(hitl.message).toMatch(/[가-힣]/);
      expect(bytes.toString()).not.toContain("\ufffd");

      const data = dataOf(bytes);
      expect(data.at(-1)).toBe("[DONE]");
      expect(linesOf(bytes)).toEqual(data);
      const events = data.slice(0, -1).map((text) => JSON.parse(text));
      const said = events.filter(({ type }) => type === "content").map((event) => event.data.content);
      const { messages } = (await getJson(stack, `/api/aura/threads/${threadId}`)).data;
      expect(said.join("")).toBe(messages.at(-1).content);
      expect(said.join("")).toMatch(/[가-힣]/);
      expect(stack.mailbox.mails()[0]).toMatchObject({
        subject: `회의 ${at}`,
        text: expect.stringContaining("내일 3시 𝄞 회의입니다"),
      });
    },
  );
});
