import { describe, expect, test } from "vitest";
import type { Stack } from "../helpers/stack.ts";
import { onDevStack } from "./dev-stack.ts";
import { auraAtPty, hasPty } from "./pty.ts";

const mail = (subject: string) =>
  `Send an email to kim@example.com with subject ${subject} saying hello there`;

const ASKED = /send_email req-\w+: approve \(a\), reject \(r\), edit \(e\) or later \(l\)\?\r\n> /;
/** After the command: whether the terminal is as shells want it, lines and echo. */
const THEN_STTY =
  "aura; code=$?; stty -a | tr ';' '\\n' | grep -Eo -- '(^| )-?(icanon|echo) ' | xargs; exit $code";

// Skipped where `script` is not util-linux's (macOS): asking is tested on streams in ask.integration.test.ts, everywhere.
describe.skipIf(!hasPty)("chat on a real terminal", () => {
  let stack: Stack;
  let env: NodeJS.ProcessEnv;
  onDevStack((theStack, itsEnv) => {
    stack = theStack;
    env = itsEnv;
  });
  const sent = (subject: string) => stack.mailbox.mails().filter((each) => each.subject === subject);

  test("asks, carries the decision out, and ends with the run; the terminal is left as it was", async () => {
    const person = auraAtPty(["chat", mail("Pty")], env, THEN_STTY);
    await person.says(ASKED);
    expect(sent("Pty")).toEqual([]);
    person.type("a\r");
    expect(await person.ended).toBe(0);
    expect(person.output()).toMatch(/: approved\r\n[\s\S]*✔ send_email[\s\S]*icanon echo\r\n$/);
    expect(person.output()).not.toMatch(/-icanon|-echo/);
    expect(sent("Pty")).toHaveLength(1);
  });

  test("what was typed before the question was there answers nothing", async () => {
    const person = auraAtPty(["chat", mail("Early")], env);
    person.type("a\ra\ra");
    await person.says(ASKED);
    person.type("\u0015l\r");
    expect(await person.ended).toBe(0);
    expect(person.output()).toContain("goes on waiting; to decide later:");
    expect(sent("Early")).toEqual([]);
  });

  test("Ctrl-C at the question: 130, how to decide later, and a terminal as before", async () => {
    const person = auraAtPty(["chat", mail("Stop")], env, THEN_STTY);
    await person.says(ASKED);
    person.type("\u0003");
    expect(await person.ended).toBe(130);
    expect(person.output()).toMatch(/goes on waiting; to decide later:[\s\S]*^.*approve: npm run --silent/m);
    expect(person.output()).toMatch(/icanon echo\r\n$/);
    expect(person.output()).not.toMatch(/-icanon|-echo/);
  });

  test("behind a pipe nobody is asked: it stops, and prints how to decide", async () => {
    for (const line of ["aura | cat", "aura < /dev/null"]) {
      const person = auraAtPty(["chat", mail("Pipe")], env, line);
      expect(await person.ended).toBe(0);
      expect(person.output()).toMatch(/approve: npm run --silent aura -- approve req-[\s\S]*the run waits/);
      expect(person.output()).not.toContain("approve (a)");
    }
  });

  test("a terminal that does not say how wide it is counts as 80 columns", async () => {
    const person = auraAtPty(["chat", "What time is it?"], env, "stty cols 0 rows 0; aura");
    expect(await person.ended).toBe(0);
    expect(person.output()).toContain("(This is the offline demo model.)");
  });
});
