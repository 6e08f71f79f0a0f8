import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { chat, getJson, type Stack } from "../helpers/stack.ts";
import { onDevStack } from "./dev-stack.ts";
import { type FakeEditor, fakeEditor, setting } from "./fake-editor.ts";
import { type AtPty, auraAtPty, hasPty } from "./pty.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;
/** After the command: whether the terminal is as shells want it, lines and echo. */
const THEN_STTY =
  "aura; code=$?; stty -a | tr ';' '\\n' | grep -Eo -- '(^| )-?(icanon|echo) ' | xargs; exit $code";
/** Reads a line from the terminal, which is how editors are typed into. */
const TYPED = `const line = await new Promise((read) => process.stdin.setEncoding("utf8").once("data", read)); process.stdin.pause();`;
/** Stands there until Ctrl-C, as \`ed\` does. */
const STANDS = `process.stdout.write("editing\\n"); await new Promise(() => setInterval(() => {}, 1000));`;

// Skipped where `script` is not util-linux's (macOS): editing is tested on streams in ask-edit.integration.test.ts, everywhere.
describe.skipIf(!hasPty)("an editor on a real terminal", () => {
  let stack: Stack;
  let env: NodeJS.ProcessEnv;
  onDevStack((theStack, itsEnv) => {
    stack = theStack;
    env = itsEnv;
  });

  const at = (args: string[], editor: FakeEditor, line?: string) =>
    auraAtPty(args, { ...env, EDITOR: editor.command }, line);
  const asked = async (person: AtPty, ...before: string[]) => {
    const not = before.map((id) => `(?!${id})`).join("");
    return (await person.says(new RegExp(`send_email (${not}req-\\w+): approve \\(a\\).*\\r\\n> `)))[1] ?? "";
  };
  const waiting = async (subject: string): Promise<string> => {
    const stream = await chat(stack, { prompt: mail(subject), threadId: `thread-${subject}` });
    return (await stream.event("hitl")).requestId;
  };
  const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);
  const contextOf = async (requestId: string) =>
    (await getJson(stack, "/api/aura/approvals")).data.items.find((each: any) => each.requestId === requestId)
      ?.context;

  test("what is typed in the editor is the editor's, and the edited one is approved", async () => {
    const editor = fakeEditor(
      `process.stdout.write("subject? "); ${TYPED} ${setting("body", "typed")} text = text.replace('"typed"', JSON.stringify(line.trim()));`,
    );
    const person = at(["chat", mail("Pty")], editor, THEN_STTY);
    const first = await asked(person);
    person.type("e\r");
    await person.says(/subject\? /);
    // The terminal echoes and waits for whole lines again: it is the editor's.
    person.type("a\r");
    const second = await asked(person, first);
    expect(person.output()).toMatch(/subject\? a\r\n/);
    expect(person.output()).toMatch(/│ {3}body: a\r\n[^│]*└/);
    expect(await contextOf(second)).toMatchObject({ body: "a" });
    expect(sent("Pty")).toEqual([]);
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(sent("Pty")).toHaveLength(1);
    expect(person.output()).toMatch(/icanon echo\r\n$/);
  });

  test("Ctrl-C in the editor ends the editor alone; what waits is asked about again", async () => {
    const editor = fakeEditor(STANDS);
    // No shell around it: that would not outlive the Ctrl-C of its only job.
    const person = at(["chat", mail("Stop")], editor, "exec aura");
    const first = await asked(person);
    person.type("e\r");
    await person.says(/editing\r\n/);
    person.type("\u0003");
    await person.says(/has not ended well \((?:130|SIGINT)\)[\s\S]*┌ approval[\s\S]*approve \(a\).*\r\n> /);
    expect(existsSync(dirname(editor.opened()[0]?.file ?? "/"))).toBe(false);
    person.type("\u0003");
    expect(await person.ended).toBe(130);
    expect(person.output()).toContain(`approve ${first}`);
    expect(await contextOf(first)).toMatchObject({ subject: "Stop" });
  });

  test("aura edit: broken JSON, once more, and the edited one is shown with how to decide it", async () => {
    const requestId = await waiting("Again");
    const editor = fakeEditor('text += "x";', `text = text.slice(0, -1); ${setting("subject", "Again2")}`);
    const person = at(["edit", requestId], editor, THEN_STTY);
    await person.says(
      /it is not edited: line 6, column 1 cannot be read as JSON: x[\s\S]*leave it as it was \(l\)\?\r\n> /,
    );
    person.type("e\r");
    expect(await person.ended).toBe(0);
    const [, newId] = /└ (req-\w+)/.exec(person.output()) ?? [];
    expect(person.output()).toMatch(new RegExp(`subject: Again2\\r\\n[\\s\\S]*approve: .* approve ${newId}`));
    expect(person.output()).toMatch(/icanon echo\r\n$/);
  });

  test("an end from outside takes the file away as well", async () => {
    const requestId = await waiting("Term");
    // The command line stands above the editor, with a shell between them or not.
    const editor = fakeEditor(`let pid = process.ppid;
      while (!fs.readFileSync("/proc/" + pid + "/cmdline", "utf8").includes("cli/aura.ts\\0edit"))
        pid = Number(/ \\w (\\d+) /.exec(fs.readFileSync("/proc/" + pid + "/stat", "utf8"))[1]);
      process.kill(pid, "SIGTERM");
      while (fs.existsSync(dirname(file))) await new Promise((later) => setTimeout(later, 10));`);
    const person = at(["edit", requestId], editor);
    expect(await person.ended).not.toBe(0);
    const [opened] = editor.opened();
    await expect.poll(() => existsSync(dirname(opened?.file ?? "/"))).toBe(false);
    expect(await contextOf(requestId)).toMatchObject({ subject: "Term" });
  });

  test("behind a pipe there is nothing to edit in: a wrong call, which says what to do", async () => {
    const requestId = await waiting("Pipe");
    const editor = fakeEditor("");
    for (const line of ["(aura; echo code $?) | cat", "aura < /dev/null; echo code $?"]) {
      const person = at(["edit", requestId], editor, line);
      expect(await person.ended).toBe(0);
      expect(person.output()).toMatch(/no terminal to edit in: .*--arguments[\s\S]*code 2\r\n$/);
    }
    expect(editor.opened()).toEqual([]);
  });
});
