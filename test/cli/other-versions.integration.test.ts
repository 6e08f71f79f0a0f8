import { afterAll, beforeAll, expect, test } from "vitest";
import { command, tokenOf } from "./cli.ts";
import { type Answer, startApiServer } from "./saved-threads-server.ts";

let answer: Answer;
let server: Awaited<ReturnType<typeof startApiServer>>;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await startApiServer(() => answer);
  env = { AURA_URL: server.url, AURA_TOKEN: await tokenOf() };
});
afterAll(() => server.close());

const thread = {
  ...{ threadId: "thread-1", title: "A mail", createdAt: 0, updatedAt: 0 },
  ...{ messages: [], runs: [], pendingApprovals: [], planSteps: [] },
};

test("a thread of which no run is left has no status, and is shown", async () => {
  answer = { data: thread };
  const { code, stdout } = await command(["show", "thread-1"], env);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^A mail\nthread-1 {2}- {2}/);
});

test("words that this version does not know are shown as they are, whatever they are called", async () => {
  const words = ["paused", "constructor", "__proto__"];
  for (const word of words) {
    const run = { runId: "run-1", status: word, prompt: "x", createdAt: 0, updatedAt: 0 };
    const step = { id: "s", title: "Write", status: word };
    const message = { role: word, content: "hello" };
    answer = { data: { ...thread, status: word, messages: [message], runs: [run], planSteps: [step] } };
    const { code, stdout } = await command(["show", "thread-1"], env);
    expect(code).toBe(0);
    expect(stdout).toContain(`thread-1  ${word}  `);
    expect(stdout).toContain(`\n${word}: hello\n`);
    expect(stdout).toContain("\n? Write\n");
    expect(stdout).toMatch(new RegExp(`\nrun-1 +${word} `));
  }
});
