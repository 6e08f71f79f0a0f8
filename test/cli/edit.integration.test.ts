import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { eventsOf, type SseStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, type Stack } from "../helpers/stack.ts";
import { aura, command } from "./cli.ts";
import { onDevStack } from "./dev-stack.ts";
import { type FakeEditor, fakeEditor, setting } from "./fake-editor.ts";
import { startForgetful } from "./forgetful.ts";
import { atTerminal } from "./person.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;
const AGAIN = /req-\w+: edit what you typed again \(e\), or leave it as it was \(l\)\?\n>/;

let stack: Stack;
let env: NodeJS.ProcessEnv;
onDevStack((theStack, itsEnv) => {
  stack = theStack;
  env = itsEnv;
});

interface Waiting {
  stream: SseStream;
  requestId: string;
  args: Record<string, unknown>;
}

const waiting = async (subject: string): Promise<Waiting> => {
  const stream = await chat(stack, { prompt: mail(subject), threadId: `thread-${subject}` });
  const { requestId, context } = await stream.event("hitl");
  return { stream, requestId, args: context };
};
const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);
const pending = async () => (await getJson(stack, "/api/aura/approvals")).data.items;
const contextOf = async (requestId: string) =>
  (await pending()).find((each: any) => each.requestId === requestId)?.context;
const withEditor = (editor: FakeEditor, requestId: string) =>
  atTerminal(["edit", requestId], { ...env, EDITOR: editor.command });
const unfolded = (screen: string) => screen.replaceAll("\n", "");

describe("edit, for scripts", () => {
  test("the edited approval is shown whole with how to decide it, and is what runs", async () => {
    const { stream, requestId, args } = await waiting("Given");
    const body = "first line\nsecond\u001b[2J line";
    const edited = await aura(
      ["edit", requestId, "--arguments", JSON.stringify({ ...args, body, subject: "Given2" })],
      env,
    );
    expect(edited).toMatchObject({ code: 0, stderr: "" });
    const [, newId = ""] = /^req-\w+ is edited: (req-\w+) takes its place\n/.exec(edited.stdout) ?? [];
    expect(edited.stdout).toContain(`│ edited: this takes the place of ${requestId}\n`);
    expect(edited.stdout).toContain(
      `│   to: kim@example.com\n│   subject: Given2\n│   body: first line\n│     second␛[2J line\n└ ${newId}\n`,
    );
    for (const how of ["approve", "reject", "edit"]) expect(edited.stdout).toContain(` -- ${how} ${newId}`);
    expect((await command(["approve", newId], env)).code).toBe(0);
    const tools = eventsOf(await stream.ended).filter(({ type }) => type === "tool_execution");
    expect(tools.at(-1)?.data).toMatchObject({ outcome: "completed", parameters: { subject: "Given2" } });
    expect(sent("Given2")).toHaveLength(1);
    expect(sent("Given")).toEqual([]);
    // A replay and the audit tell the same.
    const replayed = await command(["replay", "thread-Given", "--speed", "0"], env);
    expect(replayed.stdout).toContain(`│ edited: this takes the place of ${requestId}\n`);
    expect(replayed.stdout).toMatch(
      /→ send_email \(edited\) .*Given2.*\n {2}proposed was: .*"subject":"Given"/,
    );
    expect(replayed.stdout).toContain("✔ send_email (edited): ");
    const { stdout: audit } = await command(["audit", "thread-Given"], env);
    expect(audit).toMatch(
      new RegExp(
        `decision: none: edited at \\S+ \\S+, ${newId} has taken its place\n  outcome:  not_executed`,
      ),
    );
    expect(audit).toContain(`  edited:   by user123, in place of ${requestId}\n`);
    expect(audit).toMatch(/ {2}proposed: .*"subject":"Given",.*\n {2}became: {3}.*"subject":"Given2"/);
    expect(audit).toMatch(/decision: approved by user123 at .*\n {2}ran with: .*Given2/);
  });

  test("from stdin and from a file, with --json one document; sent twice it is one, the same arguments are none", async () => {
    const { stream, requestId, args } = await waiting("File");
    const changed = JSON.stringify({ ...args, subject: "File2" });
    const folder = mkdtempSync(join(tmpdir(), "aura-test-"));
    const file = join(folder, "args.json");
    writeFileSync(file, `\ufeff${changed}`);
    try {
      const same = await command(["edit", requestId, "--arguments", JSON.stringify(args), "--json"], env);
      expect(JSON.parse(same.stdout)).toMatchObject({ requestId, edited: false, context: args });
      const first = await command(["edit", requestId, "--file", "-", "--json"], env, changed);
      const again = await command(["edit", requestId, "--file", file, "--json"], env);
      expect([first.code, again.code, first.stderr, again.stderr]).toEqual([0, 0, "", ""]);
      const approval = JSON.parse(first.stdout);
      expect(approval).toMatchObject({ editOf: requestId, edited: true, context: { subject: "File2" } });
      expect(JSON.parse(again.stdout)).toEqual(approval);
    } finally {
      rmSync(folder, { recursive: true });
      stream.close();
    }
  });

  test("what stands: 4 with who decided or what has taken its place, 5 where nothing waits, for approve as well", async () => {
    const { requestId, args } = await waiting("Stands");
    const edit = (more: object, id = requestId) =>
      command(["edit", id, "--arguments", JSON.stringify({ ...args, ...more })], env);
    const { stdout } = await edit({ subject: "Stands2" });
    const [, newId = ""] = /(req-\w+) takes its place/.exec(stdout) ?? [];
    const taken = `edited; ${newId} has taken its place\n`;
    expect(await edit({ subject: "Stands3" })).toEqual({
      code: 4,
      stdout: "",
      stderr: `aura: ${requestId} cannot be edited any more: ${taken}`,
    });
    for (const decision of ["approve", "reject"]) {
      expect(await command([decision, requestId], env)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining(`your decision changes nothing: ${taken}`),
      });
    }
    await decide(stack, newId, "reject", "not\u001b[2J now");
    expect(await edit({ subject: "Stands4" }, newId)).toMatchObject({
      code: 4,
      stderr: `aura: ${newId} cannot be edited any more: rejected by user123: not␛[2J now\n`,
    });
    const unknown = await edit({}, "req-unknown");
    expect(unknown).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("no approval req-unknown waits"),
    });
  });

  test("what the service refuses is told in its words, in the language that is asked for", async () => {
    const { requestId, args } = await waiting("Refused");
    const wrong = ["edit", requestId, "--arguments", JSON.stringify({ ...args, to: "nobody" })];
    const [en, ko] = await Promise.all([command(wrong, env), command([...wrong, "--lang", "ko"], env)]);
    expect(en).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^aura: E4000 .*\bto\b.*\n$/),
    });
    expect(ko).toMatchObject({ code: 1, stderr: expect.stringContaining("잘못된 요청입니다.") });
    expect(await contextOf(requestId)).toEqual(args);
  });

  test("a wrong call is 2 and says what to do: no terminal, broken JSON, both options; nobody there is 3", async () => {
    const call = async (...args: string[]) => {
      const { code, stdout, stderr } = await command(["edit", "req-1", ...args], env, "{");
      expect(stdout).toBe("");
      return { code, stderr };
    };
    const nowhere = await call();
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toMatch(
      /--arguments '<json>' or --file <path> \(-: stdin\).* -- approvals --json\n$/,
    );
    expect(await call("--json")).toEqual(nowhere);
    expect(await call("--arguments", '{"to": kim}')).toEqual({
      code: 2,
      stderr: "aura: --arguments: line 1, column 8 cannot be read as JSON: kim}\n",
    });
    expect(await call("--arguments", "[]")).toMatchObject({ code: 2 });
    expect(await call("--arguments", "{}", "--file", "-")).toMatchObject({ code: 2 });
    expect(await call("--file", "-")).toEqual({
      code: 1,
      stderr: "aura: stdin: the JSON ends too early, at line 1, column 2\n",
    });
    expect(await call("--file", "/nowhere/at\u001ball")).toMatchObject({ code: 1 });
    expect(await command(["edit", "../x", "--arguments", "{}"], env)).toMatchObject({ code: 2 });
    const down = { ...env, AURA_URL: "http://127.0.0.1:1" };
    expect(await command(["edit", "req-1", "--arguments", "{}"], down)).toMatchObject({ code: 3 });
  });

  test("an answer that is lost on its way is asked for once more, and there is one edit", async () => {
    const { requestId, args } = await waiting("Lost");
    const call = ["edit", requestId, "--arguments", JSON.stringify({ ...args, subject: "Lost2" })];
    const once = await startForgetful(stack.url, 1);
    const never = await startForgetful(stack.url);
    try {
      const through = await command(call, { ...env, AURA_URL: `${once.url}/api` });
      expect(through).toMatchObject({ code: 0, stderr: "" });
      expect(once.forgotten).toBe(1);
      const edits = (await pending()).filter(({ sessionId }: any) => sessionId === "thread-Lost");
      expect(edits).toMatchObject([{ editOf: requestId, context: { subject: "Lost2" } }]);
      const unknown = await command(call, { ...env, AURA_URL: `${never.url}/api` });
      expect(unknown).toMatchObject({ code: 3, stdout: "" });
      expect(unknown.stderr).toContain(
        "it is not known whether the edit arrived; sending the same again is safe",
      );
    } finally {
      await Promise.all([once.close(), never.close()]);
    }
  });
});

describe("edit, at a terminal", () => {
  test("the editor gets all arguments in a file that nobody else can read, and that is gone afterwards", async () => {
    const { requestId, args } = await waiting("Editor");
    const editor = fakeEditor(setting("subject", "Editor2"));
    const person = withEditor(editor, requestId);
    expect(await person.ended).toBe(0);
    const [opened] = editor.opened();
    expect(JSON.parse(opened?.text ?? "")).toEqual(args);
    expect(opened).toMatchObject({
      text: `${JSON.stringify(args, null, 2)}\n`,
      file: expect.stringMatching(new RegExp(`/${requestId}\\.json$`)),
      modes: ["600", "700"],
    });
    expect(existsSync(dirname(opened?.file ?? "/"))).toBe(false);
    expect(person.screen()).toMatch(
      new RegExp(`^${requestId} is edited: (req-\\w+) takes its place\n┌ approval: send_email\n│ edited: `),
    );
    expect(person.screen()).toMatch(
      /│ {3}subject: Editor2\n[\s\S]*└ (req-\w+)\n[\s\S]*approve: .* approve \1/,
    );
    expect(person.raw()).toBe(false);
  });

  test("VISUAL wins over EDITOR, and its options are options", async () => {
    const { requestId } = await waiting("Visual");
    const visual = fakeEditor(setting("subject", "Visual2"));
    const other = fakeEditor(setting("subject", "Other"));
    const VISUAL = `${visual.command} --wait "with blank"`;
    const person = atTerminal(["edit", requestId], { ...env, VISUAL, EDITOR: other.command });
    expect(await person.ended).toBe(0);
    expect([visual.opened().length, other.opened().length]).toEqual([1, 0]);
  });

  test("left as it was, put in other words or emptied: nothing is sent, and it says so", async () => {
    const { requestId, args } = await waiting("Same");
    const scripts = [
      "",
      "text = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse()));",
      'text = " \\n";',
    ];
    for (const script of scripts) {
      const person = withEditor(fakeEditor(script), requestId);
      expect(await person.ended).toBe(0);
      expect(person.screen()).toBe(`${requestId}: nothing was changed, and nothing was sent`);
    }
    expect(await contextOf(requestId)).toEqual(args);
  });

  test("broken JSON: it says where, and what was typed is there again", async () => {
    const { requestId } = await waiting("Broken");
    const editor = fakeEditor(
      'text = "{\\n  \\"to\\": \\"lee@example.com\\",,\\n}";',
      'text = text.replace(",,", ",\\"subject\\": \\"Broken2\\", \\"body\\": \\"typed\\"");',
    );
    const person = withEditor(editor, requestId);
    await person.sees(AGAIN);
    expect(person.screen()).toContain("it is not edited: line 2, column 27 cannot be read as JSON: ,\n");
    // Only the words that are offered count.
    for (const nothing of ["y", "a", "edit it"]) {
      person.type(nothing);
      await person.sees(new RegExp(`> ${nothing}$`));
      person.type("\r");
      await person.sees(/\n>$/);
    }
    person.type("e\r");
    expect(await person.ended).toBe(0);
    expect(editor.opened()[1]?.text).toBe('{\n  "to": "lee@example.com",,\n}');
    expect(person.screen()).toMatch(/│ {3}subject: Broken2\n│ {3}body: typed/);
    expect(person.screen()).not.toMatch(AGAIN);
  });

  test("what the service refuses is told, and what was typed is there again; leaving it changes nothing", async () => {
    const { requestId, args } = await waiting("Wrong");
    const editor = fakeEditor(setting("to", "nobody"));
    for (const [keys, code] of [
      ["l\r", 1],
      ["\u0004", 1],
      ["\u0003", 130],
    ] as const) {
      const person = withEditor(editor, requestId);
      await person.sees(AGAIN);
      expect(unfolded(person.screen())).toContain("it is not edited: E4000 (HTTP 400): Bad request. (");
      person.type(keys);
      expect(await person.ended).toBe(code);
      expect(person.raw()).toBe(false);
    }
    expect(await contextOf(requestId)).toEqual(args);
  });

  test("an editor that is not there, or does not end well, is one line; nothing is sent", async () => {
    const { requestId, args } = await waiting("Missing");
    const at = (more: NodeJS.ProcessEnv) => atTerminal(["edit", requestId], { ...env, ...more });
    // A folder of its own: other tests, in other processes, edit at the same time.
    const folder = mkdtempSync(join(tmpdir(), "temporary of a test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const missing: NodeJS.ProcessEnv[] = [
      { EDITOR: "no-such-editor --wait" },
      { EDITOR: "'no such editor' 2>/dev/null" },
      { PATH: "/nowhere", EDITOR: "  ", VISUAL: "" },
    ];
    for (const each of missing) {
      const person = at(each);
      expect(await person.ended).toBe(1);
      expect(person.screen()).toMatch(
        /^aura: the editor (no-such-editor --wait|'no such editor' .*|vi) was not found: set VISUAL or EDITOR$/,
      );
    }
    const killed = `process.kill(process.pid, "SIGINT"); await new Promise(() => setInterval(() => {}, 1000));`;
    const untouched = at({ EDITOR: fakeEditor(killed).command });
    expect(await untouched.ended).toBe(1);
    expect(unfolded(untouched.screen())).toMatch(/has not ended well \((?:130|SIGINT)\)$/);
    // What it has saved before is kept.
    const editor = fakeEditor(
      `fs.writeFileSync(file, "typed"); ${killed}`,
      'if (text === "typed") text = "";',
    );
    const saved = at({ EDITOR: editor.command });
    await saved.sees(AGAIN);
    saved.type("e\r");
    expect(await saved.ended).toBe(0);
    expect(editor.opened()[1]?.text).toBe("typed");
    const gone = at({ EDITOR: fakeEditor("fs.rmSync(file);").command });
    expect(await gone.ended).toBe(1);
    expect(unfolded(gone.screen())).toContain("cannot be read: ENOENT");
    expect(readdirSync(folder).filter((name) => name.startsWith("aura-edit-"))).toEqual([]);
    expect(await contextOf(requestId)).toEqual(args);
  });

  test("decided while the editor is open: what stands is said (4); what does not wait is not opened", async () => {
    const { requestId } = await waiting("Meanwhile");
    const editor = fakeEditor(
      `await fetch(${JSON.stringify(`${stack.url}/api/aura/hitl/reject/${requestId}`)}, { method: "POST", body: JSON.stringify({ userId: "user123", reason: "faster" }), headers: ${JSON.stringify({ "content-type": "application/json", "x-tenant-id": "1", "x-user-id": "user123", authorization: `Bearer ${env.AURA_TOKEN}` })} });
       ${setting("subject", "Meanwhile2")}`,
    );
    const person = withEditor(editor, requestId);
    expect(await person.ended).toBe(4);
    expect(person.screen()).toContain(
      `aura: ${requestId} cannot be edited any more: rejected by user123: faster`,
    );
    for (const [id, code] of [
      [requestId, 4],
      ["req-unknown", 5],
    ] as const) {
      expect(await withEditor(editor, id).ended).toBe(code);
    }
    expect(editor.opened()).toHaveLength(1);
  });
});
