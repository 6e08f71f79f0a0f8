import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { decide, type Stack } from "../helpers/stack.ts";
import { startFaultyProxy } from "../helpers/tcp-proxy.ts";
import { aura, command, startCli, tokenOf } from "./cli.ts";
import { onDevStack } from "./dev-stack.ts";

const MAIL = "Send an email to kim@example.com with subject Hi saying hello there";

let stack: Stack;
let env: NodeJS.ProcessEnv;
onDevStack((theStack, itsEnv) => {
  stack = theStack;
  env = itsEnv;
});

describe("chat", () => {
  test("draws a run to its end, and --json gives an event a line", async () => {
    const [drawn, events] = await Promise.all([
      aura(["chat", "What time is it?"], env),
      aura(["chat", "What time is it?", "--thread", "clock", "--json"], env),
    ]);
    expect(drawn).toMatchObject({ code: 0, stderr: "" });
    expect(drawn.stdout).toMatch(/^thread thread-\S+ {2}run run-\S+\n> What time is it\?\n/);
    expect(drawn.stdout).toContain("→ current_time");
    const lines = events.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ id }) => Number(id.split(":")[1]))).toEqual(lines.map((_, at) => at + 1));
    expect(lines.every(({ threadId }) => threadId === "clock")).toBe(true);
    const answer = lines
      .filter(({ type }) => type === "content")
      .map(({ data }) => data.content)
      .join("");
    expect(answer).not.toBe("");
    // A run that is over cannot be cancelled.
    const runId = lines[0].id.split(":")[0];
    expect(await aura(["cancel", runId], { ...env, LANG: "ko_KR.UTF-8" })).toEqual({
      code: 1,
      stdout: "",
      stderr: "aura: E3002 (HTTP 409): 실행이 취소되었거나 현재 상태에서는 할 수 없습니다.\n",
    });
  });

  test("stops at an approval and says how to decide; run, approvals and cancel see it", async () => {
    const { code, stdout } = await aura(["chat", MAIL, "--thread", "stops"], env);
    expect(code).toBe(0);
    const requestId = /└ (req-\w+)/.exec(stdout)?.[1] ?? "";
    const runId = / run (run-[\w-]+)/.exec(stdout)?.[1] ?? "";
    expect(stdout).toContain("│   to: kim@example.com\n│   subject: Hi\n│   body: hello there\n");
    expect(stdout).toContain(
      `approve: npm run --silent aura -- approve ${requestId} --url '${stack.url}/api'\n`,
    );
    const [waiting, run] = await Promise.all([aura(["approvals"], env), aura(["run", runId, "--json"], env)]);
    expect(waiting.stdout).toContain(`└ ${requestId}\nthread stops  run ${runId}  until `);
    expect(JSON.parse(run.stdout)).toMatchObject({ runId, status: "waiting", threadId: "stops" });
    const cancelled = await aura(["cancel", runId], env);
    expect(cancelled).toMatchObject({ code: 0, stdout: `${runId} cancelled\n` });
  });

  test("shows every approval of a stop before it stops", async () => {
    const { stdout } = await aura(
      ["chat", "Send an email to a@example.com saying one and send an email to b@example.com saying two"],
      env,
    );
    expect(stdout.match(/┌ approval: send_email/g)).toHaveLength(2);
    expect(stdout.match(/approve: npm run/g)).toHaveLength(2);
  });

  test("[R8.3] with --wait it stays, survives a broken connection by Last-Event-ID, and draws what was decided", async () => {
    const { hostname, port } = new URL(stack.url);
    const proxy = await startFaultyProxy({ host: hostname, port: Number(port) });
    const cli = startCli(["chat", MAIL.replace("Hi", "Waited"), "--thread", "waits", "--wait"], {
      ...env,
      AURA_URL: `http://127.0.0.1:${proxy.port}/api`,
    });
    try {
      await cli.said(/reject: {2}npm run/);
      const [, requestId = ""] = await cli.said(/└ (req-\w+)/);
      proxy.cut();
      await cli.said(/coming back/);
      expect((await decide(stack, requestId, "approve")).status).toBe(200);
      const { code, stdout } = await cli.ended;
      expect(code).toBe(0);
      expect(stdout.match(/┌ approval/g)).toHaveLength(1);
      expect(stdout).toContain("✔ send_email: ");
      expect(stack.mailbox.mails().filter(({ subject }) => subject === "Waited")).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });

  test("a run that fails ends with 1; its error is drawn", async () => {
    const waiting = startCli(["chat", MAIL, "--thread", "fails", "--wait"], env);
    const [, runId = ""] = await waiting.said(/ run (run-[\w-]+)/);
    await waiting.said(/reject: {2}npm run/);
    await aura(["cancel", runId], env);
    const { code, stdout, stderr } = await waiting.ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "aura: the run has failed\n" });
    expect(stdout).toMatch(/✖ E3002: .* \(cancelled\)\n$/);
  });
});

describe("what goes wrong is one line, and the exit code says of what kind it is", () => {
  const line = async (args: string[], more: NodeJS.ProcessEnv, run = command) => {
    const { code, stdout, stderr } = await run(args, { ...env, ...more });
    expect(stdout).toBe("");
    expect(stderr.split("\n")).toHaveLength(2);
    return { code, stderr };
  };

  test("[R2.2] [R2.3] a foreign token and an expired one: the service's code, and how to get another", async () => {
    const [foreign, expired] = await Promise.all([
      line(["approvals", "--token", `${env.AURA_TOKEN?.slice(0, -4)}AAAA`], {}),
      line(["approvals"], { AURA_TOKEN: await tokenOf(undefined, -60) }),
    ]);
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining("E2003 (HTTP 401)") });
    expect(expired).toMatchObject({ code: 1, stderr: expect.stringContaining("E2002 (HTTP 401)") });
    for (const { stderr } of [foreign, expired]) expect(stderr).toContain("npm run --silent token -- ");
  });

  test("[R8.22] a tenant that the Gateway does not let through: which, and where it can ask; the service takes it", async () => {
    const token = await tokenOf({ user: "user123", tenant: "acme" });
    for (const args of [["threads"], ["chat", "hello"]]) {
      const refused = await line([...args, "--token", token], { AURA_URL: `${stack.url}/api` });
      expect(refused).toEqual({ code: 1, stderr: expect.stringContaining('the token\'s is "acme"') });
      expect(refused.stderr).toContain("--url http://127.0.0.1:9000");
      const asked = await command([...args, "--token", token, "--url", stack.aura.url], env);
      expect(asked).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test("an unknown run, a wrong call, nobody there, somebody else there", async () => {
    const page = createServer((_, response) => response.end("<html>")).listen(0, "127.0.0.1");
    await once(page, "listening");
    const elsewhere = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    const [unknown, usage, stranger] = await Promise.all([
      line(["run", "run-unknown", "--url", `${stack.aura.url}/`], {}),
      line(["run", ".."], {}, aura),
      line(["approvals"], { AURA_URL: elsewhere }),
    ]);
    page.closeAllConnections();
    page.close();
    await once(page, "close");
    expect(unknown).toEqual({ code: 1, stderr: "aura: E1004 (HTTP 404): Resource not found.\n" });
    expect(usage).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'..' is invalid for argument 'runId'"),
    });
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining("does not answer like Aura") });
    const down = await line(["approvals"], { AURA_URL: elsewhere }, aura);
    expect(down).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/cannot connect to .*ECONNREFUSED/),
    });
  });
});
