import { describe, expect, test } from "vitest";
import { decide, getJson, type Stack, startStack } from "../helpers/stack.ts";
import { startFaultyProxy } from "../helpers/tcp-proxy.ts";
import { command } from "./cli.ts";
import { onDevStack } from "./dev-stack.ts";
import { atTerminal, type Person } from "./person.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;
const two = (name: string) =>
  `Send an email to lee@example.com with subject ${name}1 saying one. Send an email to park@example.com with subject ${name}2 saying two.`;

const QUESTION = /send_email (req-\w+): approve \(a\), reject \(r\), edit \(e\) or later \(l\)\?\n>/;

let stack: Stack;
let env: NodeJS.ProcessEnv;
onDevStack((theStack, itsEnv) => {
  stack = theStack;
  env = itsEnv;
});

const chat = (prompt: string, ...args: string[]) => atTerminal(["chat", prompt, ...args], env);
const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);
const askedFor = async (person: Person) => (await person.sees(QUESTION))[1] ?? "";
const recordOf = async (requestId: string) =>
  JSON.parse((await getJson(stack, `/api/aura/hitl/requests/${requestId}`)).data);

describe("a person at the terminal is asked", () => {
  test("[R4.3] approves, and sees the same run to its end", async () => {
    const person = chat(mail("Yes"));
    const requestId = await askedFor(person);
    const before = person.screen();
    // The whole of what is approved stands above the question, and the plan below it.
    expect(before).toContain(
      `│   to: kim@example.com\n│   subject: Yes\n│   body: hello there\n└ ${requestId}`,
    );
    expect(before.endsWith("\n>")).toBe(true);
    expect(sent("Yes")).toEqual([]);
    person.type("a");
    expect(person.cursor()).toEqual({ row: "> a", back: 0 });
    expect(person.raw()).toBe(true);
    person.type("\r");
    expect(await person.ended).toBe(0);
    expect(person.raw()).toBe(false);
    const screen = person.screen();
    expect(screen).toContain(`send_email ${requestId}: approved\n→ send_email`);
    expect(screen).toMatch(/✔ send_email: .*\n[\s\S]*sent/i);
    expect(screen).not.toMatch(/\?\n>|the run waits/);
    expect(screen.match(/┌ approval/g)).toHaveLength(1);
    expect(sent("Yes")).toHaveLength(1);
    expect(await recordOf(requestId)).toMatchObject({ status: "approved", approvedBy: "user123" });
  });

  test("[R4.4] rejects with a reason, which is edited as any line is", async () => {
    const person = chat(mail("No"));
    const requestId = await askedFor(person);
    person.type("reject\r");
    await person.sees(/reject send_email \S+: for which reason\? \(Enter: none\)\n>/);
    // Typed, the cursor moved back by four columns, and a word put in.
    person.type("수신자 오류\u001b[D\u001b[D");
    await person.sees(/> 수신자 오류$/);
    expect(person.cursor()).toEqual({ row: "> 수신자 오류", back: 4 });
    person.type("주소 \r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(`send_email ${requestId}: rejected: 수신자 주소 오류\n`);
    expect(person.screen()).toMatch(/⊘ send_email \(not executed\): .*수신자 주소 오류/);
    expect(await recordOf(requestId)).toMatchObject({ status: "rejected", reason: "수신자 주소 오류" });
    expect(sent("No")).toEqual([]);
  });

  test("rejects without a reason; only known words decide, and Enter alone decides nothing", async () => {
    const person = chat(mail("Bare"));
    const requestId = await askedFor(person);
    for (const nothing of ["\r", "y\r", "approve it\r", "ar\r", "아\r"]) {
      person.type(nothing);
      await person.sees(/please type a \(approve\), r \(reject\), e \(edit\) or l \(later\): send_email/);
      expect(await recordOf(requestId)).toMatchObject({ status: "pending" });
    }
    person.type(" R \r");
    await person.sees(/for which reason/);
    person.type("\r");
    expect(await person.ended).toBe(0);
    expect(await recordOf(requestId)).toMatchObject({ status: "rejected", reason: "User rejected" });
  });

  test("puts it off: the run goes on waiting, and the screen says how to decide later", async () => {
    const person = chat(mail("Later"), "--thread", "later");
    const requestId = await askedFor(person);
    person.type("l\r");
    expect(await person.ended).toBe(0);
    expect(person.screen().replaceAll("\n", "")).toContain(
      `goes on waiting; to decide later:approve: npm run --silent aura -- approve ${requestId} --url '${stack.url}/api'`,
    );
    expect(person.screen().replaceAll("\n", "")).toMatch(
      /the run waits \(npm run --silent aura -- run run-\S+\); when it is decided: /,
    );
    expect(await recordOf(requestId)).toMatchObject({ status: "pending" });
    expect((await command(["approve", requestId], env)).code).toBe(0);
    await expect.poll(() => sent("Later")).toHaveLength(1);
  });

  test("puts it off with --wait: it stays, and sees what another decides", async () => {
    const person = chat(mail("Stays"), "--wait");
    const requestId = await askedFor(person);
    person.type("\u0004");
    await person.sees(/goes on waiting; to decide later/);
    await decide(stack, requestId, "approve");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(`send_email ${requestId}: approved by user123\n→ send_email`);
  });

  test("several of one run, one after the other, each under its own card", async () => {
    const person = chat(two("Each"));
    const first = await askedFor(person);
    expect(person.screen().match(/┌ approval/g)).toHaveLength(1);
    person.type("a\r");
    const next = new RegExp(QUESTION.source.replace("(req-", `((?!${first})req-`));
    const [, second = ""] = await person.sees(next);
    expect(person.screen()).toContain(`└ ${second}`);
    person.type("r\r");
    await person.sees(/for which reason/);
    person.type("not him\r");
    expect(await person.ended).toBe(0);
    expect(person.screen().match(/┌ approval/g)).toHaveLength(2);
    const subjects = await Promise.all(
      [first, second].map(async (id) => (await recordOf(id)).context.subject),
    );
    expect([sent(subjects[0]).length, sent(subjects[1]).length]).toEqual([1, 0]);
  });

  test("several, one of them put off: what was decided is seen to its end before the command ends", async () => {
    const person = chat(two("Half"));
    const first = await askedFor(person);
    person.type("l\r");
    const next = new RegExp(QUESTION.source.replace("(req-", `((?!${first})req-`));
    await person.sees(next);
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toMatch(/✔ send_email: [\s\S]*the run waits/);
    expect(await recordOf(first)).toMatchObject({ status: "pending" });
  });

  test("in Korean, with the Korean keyboard left on", async () => {
    const person = atTerminal(["chat", mail("한글")], { ...env, LANG: "ko_KR.UTF-8" });
    await person.sees(/send_email req-\w+: 승인\(a\), 거절\(r\), 수정\(e\), 나중에\(l\)\?\n>/);
    expect(person.screen()).toContain("┌ 승인 요청: send_email");
    person.type("ㅁ\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toMatch(/send_email req-\w+: 승인함/);
  });

  test("a fork asks as well", async () => {
    const person = chat(mail("Forked"), "--thread", "to-fork");
    await askedFor(person);
    person.type("a\r");
    expect(await person.ended).toBe(0);
    const { items } = JSON.parse((await command(["history", "to-fork", "--json"], env)).stdout);
    const { checkpointId } = items.find(({ next }: { next: string[] }) => next.includes("tools"));
    const fork = atTerminal(["fork", "to-fork", checkpointId], env);
    await askedFor(fork);
    fork.type("a\r");
    expect(await fork.ended).toBe(0);
    expect(sent("Forked")).toHaveLength(2);
  });
});

describe("what happens while the question is open", () => {
  test("decided elsewhere: the question is withdrawn, who decided is said, and the run is followed", async () => {
    const person = chat(mail("Elsewhere"));
    const requestId = await askedFor(person);
    person.type("reje");
    await decide(stack, requestId, "approve");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(
      `the question is withdrawn; send_email ${requestId}: approved by user123\n→ send_email`,
    );
    expect(person.screen()).not.toMatch(/\?\n>/);
    expect(person.raw()).toBe(false);
  });

  test("[R8.7] decided elsewhere in the same moment: what stands is said, and nothing is claimed", async () => {
    const person = chat(mail("Moment"));
    const requestId = await askedFor(person);
    // Main Service has decided, and its signal is lost for now: the stream says nothing yet.
    const record = await recordOf(requestId);
    await stack.set(
      `hitl:request:${requestId}`,
      JSON.stringify({ ...record, status: "rejected", rejectedBy: "boss" }),
    );
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(person.screen().replaceAll("\n", "")).toContain(
      `send_email ${requestId} was decided before, and your decision changes nothing: rejected by boss`,
    );
    expect(person.screen()).toContain("⊘ send_email (not executed)");
    expect(sent("Moment")).toEqual([]);
  });

  test("a sibling is decided elsewhere: its events are drawn above, and the question stays as it was typed", async () => {
    const person = chat(two("Sibling"), "--thread", "sibling");
    const first = await askedFor(person);
    person.type("r\r");
    await person.sees(/for which reason/);
    person.type("because");
    const { items } = (await getJson(stack, "/api/aura/approvals")).data;
    const other = items.find((each: any) => each.sessionId === "sibling" && each.requestId !== first);
    await decide(stack, other.requestId, "approve");
    await person.sees(/✔ send_email/);
    expect(person.screen()).toMatch(
      new RegExp(`└ ${other.requestId}\\n[\\s\\S]*: approved by user123\\n→ send_email`),
    );
    expect(person.screen()).toMatch(/for which reason\? \(Enter: none\)\n> because$/);
    person.type(" of that\r");
    expect(await person.ended).toBe(0);
    expect(await recordOf(first)).toMatchObject({ reason: "because of that" });
  });

  test("cancelled or given up elsewhere: the run is over, and so is the question", async () => {
    const person = chat(mail("Cancelled"));
    const requestId = await askedFor(person);
    const [, runId = ""] = await person.sees(/ run (run-[\w-]+)/);
    await command(["cancel", runId], env);
    expect(await person.ended).toBe(1);
    expect(person.screen()).toContain(`the question is withdrawn; send_email ${requestId}: cancelled\n`);
    expect(person.screen()).toMatch(/✖ E3002: .*\(cancelled\)[\s\S]*aura: the run has failed$/);
  });

  test("Ctrl-C leaves it undecided, shows what had not been shown yet, and says how to decide", async () => {
    const person = chat(two("Stopped"));
    const first = await askedFor(person);
    person.type("a\u0003");
    expect(await person.ended).toBe(130);
    const screen = person.screen();
    expect(screen.match(/┌ approval/g)).toHaveLength(2);
    expect(screen.match(/^approve: npm run/gm)).toHaveLength(2);
    expect(screen).toMatch(/aura: stopped; what was not decided goes on waiting$/);
    expect(screen).not.toMatch(/\?\n>/);
    expect(person.raw()).toBe(false);
    expect(await recordOf(first)).toMatchObject({ status: "pending" });
  });

  test("Ctrl-C at the reason rejects nothing", async () => {
    const person = chat(mail("Reason"));
    const requestId = await askedFor(person);
    person.type("r\r");
    await person.sees(/for which reason/);
    person.type("well\u0003");
    expect(await person.ended).toBe(130);
    expect(await recordOf(requestId)).toMatchObject({ status: "pending" });
  });

  test("what was typed, or pasted, before a question was there answers none", async () => {
    const person = atTerminal(["chat", two("Ahead")], env, "a\ra\r");
    const first = await askedFor(person);
    // Two answers at once: the second one was typed before its question.
    person.type("a\ra\ra");
    const next = new RegExp(QUESTION.source.replace("(req-", `((?!${first})req-`));
    const [, second = ""] = await person.sees(next);
    expect(person.cursor().row).toMatch(/^>\s*$/);
    expect(await recordOf(second)).toMatchObject({ status: "pending" });
    person.type("l\r");
    expect(await person.ended).toBe(0);
    expect(sent("Ahead1").length + sent("Ahead2").length).toBe(1);
  });

  test("[R8.3] a connection that breaks is told above the question, which stays", async () => {
    const { hostname, port } = new URL(stack.url);
    const proxy = await startFaultyProxy({ host: hostname, port: Number(port) });
    try {
      const person = atTerminal(["chat", mail("Broken")], {
        ...env,
        AURA_URL: `http://127.0.0.1:${proxy.port}/api`,
      });
      await askedFor(person);
      person.type("a");
      proxy.cut();
      await person.sees(/the connection broke; coming back \.\.\.\n/);
      expect(person.screen()).toMatch(/\?\n> a$/);
      person.type("\r");
      expect(await person.ended).toBe(0);
      expect(person.screen()).toContain("✔ send_email: ");
      expect(sent("Broken")).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });

  test("a decision that does not get through is told, and asked for again", async () => {
    const { hostname, port } = new URL(stack.url);
    const proxy = await startFaultyProxy({ host: hostname, port: Number(port) });
    const address = `http://127.0.0.1:${proxy.port}/api`;
    try {
      const person = atTerminal(["chat", mail("Again")], { ...env, AURA_URL: address });
      await askedFor(person);
      proxy.block();
      person.type("a\r");
      await person.sees(/the decision did not get through: cannot connect to[\s\S]*\?\n>/);
      proxy.heal();
      expect(sent("Again")).toEqual([]);
      person.type("a\r");
      expect(await person.ended).toBe(0);
      expect(person.screen().match(/┌ approval/g)).toHaveLength(1);
      expect(sent("Again")).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });
});

describe("where nobody can be asked, or not here", () => {
  test("Aura-Platform's own address leads to no approvals: it says so, and how to decide", async () => {
    const person = atTerminal(["chat", mail("Direct")], { ...env, AURA_URL: stack.aura.url });
    expect(await person.ended).toBe(0);
    expect(person.screen()).toMatch(
      /└ req-\w+\nsend_email req-\w+ cannot be decided here: E1004 \(HTTP 404\)/,
    );
    expect(person.screen()).toMatch(/^approve: npm run --silent aura -- approve req-\w+$/m);
    expect(person.screen()).toContain("the run waits");
  });

  test("--json asks nothing, and neither does a terminal that cannot be written over", async () => {
    const json = chat(mail("Json"), "--json");
    expect(await json.ended).toBe(0);
    expect(json.screen()).not.toMatch(/approve \(a\)|approve:/);
    const dumb = atTerminal(["chat", mail("Dumb")], { ...env, TERM: "dumb" });
    expect(await dumb.ended).toBe(0);
    expect(dumb.screen()).toContain("approve: npm run");
    expect(dumb.screen()).not.toContain("approve (a)");
  });
});

describe("an approval that nobody decides", () => {
  test("expires under the question, which is withdrawn", async () => {
    const short = await startStack({
      backend: "embedded",
      env: { AURA_APPROVAL_TTL: "3", AURA_RECONCILE_MS: "100" },
    });
    try {
      const person = atTerminal(["chat", mail("Expired")], { ...env, AURA_URL: `${short.url}/api` });
      expect(await person.ended).toBe(0);
      // Its record may be gone with it: the call's last word says why.
      expect(person.screen()).toMatch(/the question is withdrawn; send_email req-\w+/);
      expect(person.screen()).toMatch(/⊘ send_email \(not executed\): The approval has expired/);
      expect(short.mailbox.mails()).toEqual([]);
    } finally {
      await short.close();
    }
  });
});
