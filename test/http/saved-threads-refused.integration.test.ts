import { describe, expect, test } from "vitest";
import { chat, headersOf, type Person, type Stack } from "../helpers/stack.ts";
import { renamed, type SavedThread, savedThread } from "./saved-thread.ts";

describe.each(["embedded", "redis"] as const)("what is refused of saved threads, %s backend", (backend) => {
  let stack: Stack;
  let saved: SavedThread;
  const { beforeApprovals, get, send, thread } = savedThread(backend, (theStack, theThread) => {
    stack = theStack;
    saved = theThread;
  });

  const OTHERS: Person[] = [
    { user: "user456", tenant: "2" },
    { user: "admin", tenant: "1" },
  ];

  test("[R5.4] nobody else finds anything", async () => {
    const { checkpointId } = await beforeApprovals();
    for (const person of OTHERS) {
      for (const path of [
        thread(),
        thread("/history"),
        thread("/audit"),
        thread("/export"),
        `/runs/${saved.runId}`,
      ]) {
        expect((await get(path, person)).errorCode).toBe("E1004");
      }
      for (const [path, body] of [
        [thread("/replay"), { speed: 0 }],
        [thread("/fork"), { checkpointId }],
      ] as const) {
        expect((await send("POST", path, body, person)).status).toBe(404);
      }
      expect((await send("DELETE", thread(), undefined, person)).status).toBe(404);
      expect((await get("/threads", person)).data.items).toEqual([]);
    }
    expect((await get(thread())).data.status).toBe("completed");
  });

  test("[R5.2] bad input is refused, and nothing is executed or stored", async () => {
    const { checkpointId } = await beforeApprovals();
    const foreign = await (await chat(stack, { prompt: "hello", threadId: `foreign-${backend}` })).ended;
    const foreignRun = foreign.find(({ id }) => id)?.id?.split(":")[0] ?? "";
    const otherHistory = (await get(`/threads/foreign-${backend}/history`)).data.items;
    const document = (await get(thread("/export"))).data;
    const before = (await get("/threads?limit=100")).data.items.length;
    const cases: [method: string, path: string, body: unknown, status: number][] = [
      ["GET", "/threads?limit=0", undefined, 400],
      ["GET", "/threads?limit=101", undefined, 400],
      ["GET", "/threads?cursor=!!", undefined, 400],
      ["GET", "/threads?status=asleep", undefined, 400],
      ["GET", thread("/history?limit=x"), undefined, 400],
      ["GET", thread("/history?cursor=unknown"), undefined, 400],
      ["GET", "/threads/unknown", undefined, 404],
      ["POST", thread("/replay"), { speed: 101 }, 400],
      ["POST", thread("/replay"), { speed: 0.5 }, 400],
      ["POST", thread("/replay"), { speed: "fast" }, 400],
      ["POST", thread("/replay"), { from: "nonsense" }, 400],
      ["POST", thread("/replay"), { runId: foreignRun }, 404],
      ["POST", thread("/replay"), { from: `${foreignRun}:1` }, 404],
      ["POST", thread("/replay"), { from: `${saved.runId}:9999` }, 404],
      ["POST", thread("/fork"), {}, 400],
      ["POST", thread("/fork"), { checkpointId: "unknown" }, 404],
      ["POST", thread("/fork"), { checkpointId: otherHistory[0].checkpointId }, 404],
      ["POST", thread("/fork"), { checkpointId, prompt: "" }, 400],
      ["POST", thread("/fork"), { checkpointId, edits: { turns: 0 } }, 400],
      [
        "POST",
        thread("/fork"),
        { checkpointId, edits: { messages: [{ role: "system", content: "x" }] } },
        400,
      ],
      ["POST", "/threads/import", {}, 400],
      ["POST", "/threads/import", { ...document, version: 2 }, 400],
      ["POST", "/threads/import", { ...document, format: "other" }, 400],
      ["POST", "/threads/import", { ...document, runs: [] }, 400],

      ["POST", "/threads/import", { ...renamed(document), state: truncatedState(document.state) }, 400],
      ["POST", "/threads/import", { ...renamed(document), state: { ...document.state, messages: [] } }, 400],
    ];
    for (const [method, path, body, status] of cases) {
      const answer = await send(method, path, body);
      expect([method, path, JSON.stringify(body)?.slice(0, 80), answer.status]).toEqual([
        method,
        path,
        JSON.stringify(body)?.slice(0, 80),
        status,
      ]);
      expect(((await answer.json()) as any).errorCode).toBe(status === 404 ? "E1004" : "E4000");
    }
    const poisoned = JSON.stringify(renamed(document)).replace(
      '"context":{',
      '"context":{"__proto__":{"x":1},',
    );
    const refused = await fetch(`${stack.url}/api/aura/threads/import`, {
      method: "POST",
      headers: await headersOf(),
      body: poisoned,
    });
    expect(refused.status).toBe(400);
    expect((await get("/threads?limit=100")).data.items).toHaveLength(before);
  });
});

function truncatedState(state: any): any {
  return { ...state, values: { ...state.values, steps: {} } };
}
