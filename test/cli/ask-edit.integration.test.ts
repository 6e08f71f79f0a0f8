import { writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { getJson, headersOf, type Stack } from "../helpers/stack.ts";
import { startFaultyProxy } from "../helpers/tcp-proxy.ts";
import { command } from "./cli.ts";
import { onDevStack } from "./dev-stack.ts";
import { type FakeEditor, fakeEditor, setting } from "./fake-editor.ts";
import { atTerminal, type Person } from "./person.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;
const two = (name: string) =>
  `Send an email to lee@example.com with subject ${name}1 saying one. Send an email to park@example.com with subject ${name}2 saying two.`;

let stack: Stack;
let env: NodeJS.ProcessEnv;
onDevStack((theStack, itsEnv) => {
  stack = theStack;
  env = itsEnv;
});

const chat = (prompt: string, editor: FakeEditor, more: NodeJS.ProcessEnv = {}) =>
  atTerminal(["chat", prompt], { ...env, EDITOR: editor.command, ...more });
const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);
/** The id that is asked about, other than these. */
const askedFor = async (person: Person, ...before: string[]) => {
  const not = before.map((id) => `(?!${id})`).join("");
  const question = `send_email (${not}req-\\w+): approve \\(a\\), reject \\(r\\), edit \\(e\\) or later \\(l\\)\\?\\n>$`;
  return (await person.sees(new RegExp(question)))[1] ?? "";
};
const lastCard = (person: Person) => /┌(?![\s\S]*┌)[\s\S]*?└ req-\w+/.exec(person.screen())?.[0] ?? "";
const unfolded = (person: Person) => person.screen().replaceAll("\n", "");
const recordOf = async (requestId: string) =>
  JSON.parse((await getJson(stack, `/api/aura/hitl/requests/${requestId}`)).data);
const contextOf = async (requestId: string) =>
  (await getJson(stack, "/api/aura/approvals")).data.items.find((each: any) => each.requestId === requestId)
    ?.context;
const editElsewhere = async (requestId: string, change: object) => {
  const response = await fetch(`${stack.url}/api/aura/approvals/${requestId}/edit`, {
    method: "POST",
    headers: { ...(await headersOf()), "content-type": "application/json" },
    body: JSON.stringify({ arguments: { ...(await contextOf(requestId)), ...change } }),
  });
  return ((await response.json()) as any).data.requestId;
};
/** In an editor's script: somebody else does this meanwhile. */
const meanwhile = async (path: string, body: object) =>
  `await fetch(${JSON.stringify(`${stack.url}/api/aura${path}`)}, { method: "POST", body: ${JSON.stringify(JSON.stringify(body))}, headers: ${JSON.stringify({ ...(await headersOf()), "content-type": "application/json" })} });`;

describe("a person at the question edits what waits", () => {
  test("the edited one is shown whole and asked about, and it alone runs", async () => {
    const editor = fakeEditor(setting("subject", "Edited2"));
    const person = chat(mail("Edited"), editor);
    const first = await askedFor(person);
    person.type("e\r");
    const second = await askedFor(person, first);
    expect(unfolded(person)).toContain(`send_email ${first} is edited: ${second} takes its place┌ approval`);
    const card = lastCard(person);
    expect(card).toContain(`│ edited: this takes the place of ${first}\n`);
    expect(card).toContain(
      `│   to: kim@example.com\n│   subject: Edited2\n│   body: hello there\n└ ${second}`,
    );
    expect(person.raw()).toBe(true);
    expect(await recordOf(first)).toMatchObject({ outcome: "superseded", editedAs: second });
    expect(JSON.parse(editor.opened()[0]?.text ?? "")).toMatchObject({
      subject: "Edited",
      body: "hello there",
    });
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(`send_email ${second}: approved\n→ send_email (edited) `);
    expect(person.screen()).toMatch(/\n {2}proposed was: .*\n[\s\S]*✔ send_email \(edited\): /);
    // Once by itself, once as the edited one: the stream's event of it is no third.
    expect(person.screen().match(/┌ approval/g)).toHaveLength(2);
    expect([sent("Edited").length, sent("Edited2").length]).toEqual([0, 1]);
  });

  test("edited twice, then rejected; in Korean, with the Korean keyboard left on", async () => {
    const editor = fakeEditor(setting("subject", "둘"), setting("subject", "셋"));
    const person = chat(mail("하나"), editor, { LANG: "ko_KR.UTF-8" });
    const asked = (id: string) =>
      person.sees(
        new RegExp(
          `send_email (?!${id})(req-\\w+): 승인\\(a\\), 거절\\(r\\), 수정\\(e\\), 나중에\\(l\\)\\?\\n>$`,
        ),
      );
    const [, first = ""] = await asked("none");
    person.type("ㄷ\r");
    const [, second = ""] = await asked(first);
    expect(unfolded(person)).toContain(`수정한 요청입니다. ${first} 요청을 대신합니다.`);
    person.type("수정\r");
    const [, third = ""] = await asked(`(?:${first}|${second})`);
    expect(lastCard(person)).toContain("subject: 셋");
    expect(editor.opened()[1]?.text).toContain('"subject": "둘"');
    person.type("ㄱ\r");
    await person.sees(/사유를/);
    person.type("\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(`send_email ${third}: 거절함`);
    expect(person.screen()).toContain("⊘ send_email (수정됨, 실행되지 않음): ");
    expect([...sent("하나"), ...sent("둘"), ...sent("셋")]).toEqual([]);
  });

  test("what the service refuses is told in its words; what waits is shown again, and what was typed is kept", async () => {
    const editor = fakeEditor(
      setting("to", "nobody"),
      'if (!text.includes("nobody")) throw new Error("lost");',
    );
    const person = chat(mail("Refused"), editor);
    const first = await askedFor(person);
    for (const times of [2, 3]) {
      person.type("e\r");
      await person.sees(new RegExp(`(?:┌ approval[\\s\\S]*){${times}}\\?\\n>$`));
      expect(unfolded(person)).toContain("it is not edited: E4000 (HTTP 400): Bad request. (");
      expect(person.screen()).toMatch(/what you typed is kept: e opens it again\n┌ approval/);
      expect(lastCard(person)).toContain("│   to: kim@example.com\n");
    }
    expect(editor.opened()[1]?.text).toContain('"to": "nobody"');
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toContain(`send_email ${first}: approved\n→ send_email {`);
    expect(sent("Refused")).toMatchObject([{ to: ["kim@example.com"] }]);
  });

  test("broken JSON, nothing changed, no editor, Ctrl-C in it: nothing is lost, and it is asked again", async () => {
    const killed =
      'process.kill(process.pid, "SIGINT"); await new Promise(() => setInterval(() => {}, 1000));';
    const editor = fakeEditor('text = "{ broken";', 'text = "";', "", killed);
    const person = chat(mail("Lossless"), editor);
    const first = await askedFor(person);
    const says = [
      "it is not edited: line 1, column 3 cannot be read as JSON: broken",
      `send_email ${first}: nothing was changed, and nothing was sent`,
      `send_email ${first}: nothing was changed, and nothing was sent`,
      "has not ended well (",
    ];
    for (const [at, said] of says.entries()) {
      person.type("e\r");
      await person.sees(new RegExp(`(?:┌ approval[\\s\\S]*){${at + 2}}\\?\\n>$`));
      expect(unfolded(person)).toContain(said);
    }
    expect(editor.opened().map(({ text }) => text.includes("broken"))).toEqual([false, true, false, false]);
    expect(await recordOf(first)).toMatchObject({ status: "pending" });
    person.type("\u0003");
    expect(await person.ended).toBe(130);
    expect(person.screen()).toMatch(new RegExp(`approve: .* approve ${first}`));
    expect(person.raw()).toBe(false);
    const missing = atTerminal(["chat", mail("Viless")], { ...env, PATH: "/nowhere" });
    await askedFor(missing);
    missing.type("e\r");
    await missing.sees(
      /it is not edited: the editor vi was not found: set VISUAL or EDITOR\n┌ approval[\s\S]*\?\n>$/,
    );
    vi.stubEnv("TMPDIR", "/nowhere");
    missing.type("e\r");
    await missing.sees(
      /it is not edited: a file to edit cannot be written in \/nowhere: ENOENT[\s\S]*┌[\s\S]*\?\n>$/,
    );
    vi.unstubAllEnvs();
    missing.type("a\r");
    expect(await missing.ended).toBe(0);
    expect(sent("Viless")).toHaveLength(1);
  });

  test("of several, the edited one is asked about before its siblings", async () => {
    const editor = fakeEditor(setting("body", "edited"));
    const person = chat(two("Several"), editor);
    const first = await askedFor(person);
    person.type("e\r");
    const second = await askedFor(person, first);
    expect(lastCard(person)).toContain("body: edited");
    person.type("a\r");
    const third = await askedFor(person, first, second);
    expect(lastCard(person)).not.toContain("edited");
    person.type("l\r");
    expect(await person.ended).toBe(0);
    expect(person.screen()).toMatch(new RegExp(`approve: .* approve ${third}`));
    expect([...sent("Several1"), ...sent("Several2")]).toMatchObject([
      { text: expect.stringContaining("edited") },
    ]);
  });

  test("put off after the edit: how to decide is said of the one that waits", async () => {
    const person = chat(mail("Off"), fakeEditor(setting("subject", "Off2")));
    const first = await askedFor(person);
    person.type("e\r");
    const second = await askedFor(person, first);
    person.type("l\r");
    expect(await person.ended).toBe(0);
    expect(unfolded(person)).toContain(`${second} goes on waiting; to decide later:approve: `);
    expect(unfolded(person)).not.toContain(`approve ${first}`);
    expect((await command(["approve", second], env)).code).toBe(0);
    await expect.poll(() => sent("Off2")).toHaveLength(1);
  });

  test("a text of which the stream shows a part is edited whole", async () => {
    const body = "long ".repeat(6_000).trim();
    const editor = fakeEditor(setting("subject", "Whole2"));
    const person = chat(`Send an email to kim@example.com with subject Whole saying "${body}"`, editor);
    const first = await askedFor(person);
    person.type("e\r");
    const second = await askedFor(person, first);
    expect(JSON.parse(editor.opened()[0]?.text ?? "").body).toBe(body);
    expect(await contextOf(second)).toMatchObject({ subject: "Whole2", body });
    person.type("r\r");
    await person.sees(/for which reason/);
    person.type("\r");
    expect(await person.ended).toBe(0);
  });
});

describe("what happens while the editor, or the question, is open", () => {
  test("decided while the editor is open: told, the run is followed, and the edit is nobody's", async () => {
    const id = "const id = /req-\\w+/.exec(file)[0];";
    const reject = (await meanwhile("/hitl/reject/ID", { userId: "user123", reason: "faster" })).replace(
      /"([^"]*)ID"/,
      '"$1" + id',
    );
    const person = chat(mail("Faster"), fakeEditor(`${id} ${reject} ${setting("subject", "Faster2")}`));
    const first = await askedFor(person);
    person.type("e\r");
    expect(await person.ended).toBe(0);
    expect(unfolded(person)).toContain(
      `send_email ${first} cannot be edited any more: rejected by user123: faster`,
    );
    expect(person.screen()).toMatch(/⊘ send_email \(not executed\): .*faster/);
    expect([...sent("Faster"), ...sent("Faster2")]).toEqual([]);
  });

  test("edited elsewhere under the question: it is withdrawn, and the one that waits is shown and asked about", async () => {
    const person = chat(mail("Theirs"), fakeEditor(""));
    const first = await askedFor(person);
    // Half of an answer, to what is not there any more.
    person.type("a");
    const second = await editElsewhere(first, { subject: "Theirs2" });
    expect(await askedFor(person, first)).toBe(second);
    expect(unfolded(person)).toContain(
      `the question is withdrawn; send_email ${first}: edited; ${second} has taken its place`,
    );
    expect(lastCard(person)).toContain("subject: Theirs2");
    expect(person.cursor().row).toMatch(/^>\s*$/);
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect([sent("Theirs").length, sent("Theirs2").length]).toEqual([0, 1]);
  });

  test("put off and then edited elsewhere: who stays is asked about what waits now", async () => {
    const person = atTerminal(["chat", mail("Stays"), "--wait"], env);
    const first = await askedFor(person);
    person.type("l\r");
    await person.sees(/goes on waiting; to decide later/);
    const second = await editElsewhere(first, { subject: "Stays2" });
    expect(await askedFor(person, first)).toBe(second);
    expect(unfolded(person)).not.toContain("withdrawn");
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect([sent("Stays").length, sent("Stays2").length]).toEqual([0, 1]);
  });

  test("edited elsewhere while the editor is open: what stands is said, and that is asked about", async () => {
    const id = "const id = /req-\\w+/.exec(file)[0];";
    const edit = (
      await meanwhile("/approvals/ID/edit", {
        arguments: { to: "kim@example.com", subject: "Both2", body: "theirs" },
      })
    ).replace(/"([^"]*)ID\/edit"/, '"$1" + id + "/edit"');
    const person = chat(mail("Both"), fakeEditor(`${id} ${edit} ${setting("subject", "Both3")}`));
    const first = await askedFor(person);
    person.type("e\r");
    const second = await askedFor(person, first);
    expect(unfolded(person)).toContain(
      `send_email ${first} cannot be edited any more: edited; ${second} has taken its place`,
    );
    expect(lastCard(person)).toContain("subject: Both2\n│   body: theirs\n");
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect([sent("Both2").length, sent("Both3").length]).toEqual([1, 0]);
  });

  test("[R8.3] a connection that breaks is told when the terminal is ours again", async () => {
    const { hostname, port } = new URL(stack.url);
    const opened = () => stack.logs.filter(({ msg }) => msg === "stream opened").length;
    const proxy = await startFaultyProxy({ host: hostname, port: Number(port) });
    try {
      const gate = fakeEditor(
        `while (!fs.existsSync(file + ".go")) await new Promise((done) => setTimeout(done, 20)); ${setting("subject", "Broken2")}`,
      );
      const person = chat(mail("Broken"), gate, { AURA_URL: `http://127.0.0.1:${proxy.port}/api` });
      const first = await askedFor(person);
      person.type("e\r");
      await expect.poll(() => gate.opened().length).toBe(1);
      const screen = person.screen();
      // The plan, which is drawn over in place, is not left behind where the editor is.
      expect(screen).not.toContain("○");
      const before = opened();
      proxy.cut();
      await expect.poll(opened).toBe(before + 1);
      expect(person.screen()).toBe(screen);
      writeFileSync(`${gate.opened()[0]?.file}.go`, "");
      const second = await askedFor(person, first);
      expect(person.screen()).toContain("the connection broke; coming back ...\n");
      person.type("a\r");
      expect(await person.ended).toBe(0);
      expect(person.screen()).toContain(`send_email ${second}: approved\n`);
      expect(sent("Broken2")).toHaveLength(1);
    } finally {
      await proxy.close();
    }
  });
});
