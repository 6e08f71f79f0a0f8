import fc from "fast-check";
import { expect, test } from "vitest";
import { createDrawing } from "../../cli/draw.ts";
import { tableOf } from "../../cli/table.ts";
import { createTerminal } from "../../cli/terminal.ts";
import { harmless, harmlessJson, widthOf, wrap } from "../../cli/text.ts";
import { createTerminalModel } from "./terminal-model.ts";

type Event = { type: string; data: Record<string, unknown> };

const step = (id: string, title: string, status: string): Event => ({
  type: "plan_step",
  data: { id, title, description: "", status, confidence: 0.9 },
});
const content = (text: string, more: object = {}): Event => ({
  type: "content",
  data: { content: text, format: "markdown", messageId: "m1", ...more },
});

/** A run as it was recorded: plan, approval, mail, answer. */
const MAIL = { to: "kim@example.com", subject: "회의", body: "첫 줄\n둘째 줄" };
const RUN: Event[] = [
  { type: "thought", data: { content: "메일을 보내려고 합니다.", timestamp: 1 } },
  step("s1", "메일을 쓴다", "pending"),
  step("s2", "Report", "pending"),
  step("s1", "메일을 쓴다", "in_progress"),
  {
    type: "hitl",
    data: {
      requestId: "req-1",
      actionType: "send_email",
      message: "보낼까요?",
      context: MAIL,
      requiresApproval: true,
      toolCallId: "c1",
    },
  },
  {
    type: "tool_execution",
    data: { tool: "send_email", parameters: MAIL, status: "executing", result: null },
  },
  {
    type: "tool_execution",
    data: { tool: "send_email", parameters: MAIL, status: "completed", result: "Message-ID <1@x>" },
  },
  step("s1", "메일을 쓴다", "completed"),
  step("s2", "Report", "completed"),
  content("보냈"),
  content("습니다.\n"),
  content("Done."),
];

function drawn(events: readonly Event[], language: "ko" | "en" = "en"): string {
  let text = "";
  const drawing = createDrawing(createTerminal({ write: (part) => (text += part) }, {}), language);
  drawing.begin("Send it");
  for (const event of events) drawing.event(event);
  drawing.end();
  return text;
}

const noColour = { NO_COLOR: "1" };

test("without a terminal a run is lines, one for each change of the plan", () => {
  expect(drawn(RUN)).toBe(`> Send it
메일을 보내려고 합니다.
○ 메일을 쓴다
○ Report
◐ 메일을 쓴다
┌ approval: send_email
│ 보낼까요?
│   to: kim@example.com
│   subject: 회의
│   body: 첫 줄
│     둘째 줄
└ req-1
→ send_email {"to":"kim@example.com","subject":"회의","body":"첫 줄\\n둘째 줄"}
✔ send_email: Message-ID <1@x>
✔ 메일을 쓴다
✔ Report

보냈습니다.
Done.
`);
});

test("on a terminal the plan is ticked in place, below what is streamed", () => {
  const screen = createTerminalModel(30, 24);
  const drawing = createDrawing(createTerminal(screen, noColour), "en");
  drawing.begin("Send it");
  for (const event of RUN.slice(0, 4)) drawing.event(event);
  expect(screen.text()).toBe("> Send it\n메일을 보내려고 합니다.\n\n◐ 메일을 쓴다\n○ Report");
  for (const event of RUN.slice(4, -1)) drawing.event(event);
  expect(screen.text()).toBe(`> Send it
메일을 보내려고 합니다.
┌ approval: send_email
│ 보낼까요?
│   to: kim@example.com
│   subject: 회의
│   body: 첫 줄
│     둘째 줄
└ req-1
→ send_email {"to":"kim@exam…
✔ send_email: Message-ID <1@…

보냈습니다.

✔ 메일을 쓴다
✔ Report`);
  drawing.event(content("Done."));
  drawing.end();
  expect(screen.text().endsWith("보냈습니다.\nDone.\n\n✔ 메일을 쓴다\n✔ Report")).toBe(true);
});

test("a plan and an answer that are longer than the screen leave nothing behind when they change", () => {
  const screen = createTerminalModel(20, 8);
  const drawing = createDrawing(createTerminal(screen, noColour), "en");
  for (let n = 0; n < 30; n++)
    drawing.event(step(`s${n}`, `Step ${n} with a title that is too long`, "pending"));
  for (const character of "가나다라마바사아자차카타파하 and words that go on 👍🏽")
    drawing.event(content(character));
  drawing.end();
  const text = screen.text();
  expect(text.match(/Step 29/g)).toHaveLength(1);
  expect(text).toContain("가나다라마바사아자\n차카타파하 and\nwords that go on 👍🏽\n");
});

test("the runs of a thread stand below each other, each with its own plan", () => {
  const screen = createTerminalModel(40, 24);
  const drawing = createDrawing(createTerminal(screen, noColour), "en");
  for (const prompt of ["first", "second"]) {
    drawing.begin(prompt);
    drawing.event(step("s1", `the plan of ${prompt}`, "completed"));
    drawing.event(content(`answer to ${prompt}`, { messageId: prompt }));
  }
  drawing.end();
  expect(screen.text()).toBe(
    "> first\n\nanswer to first\n\n✔ the plan of first\n> second\n\nanswer to second\n\n✔ the plan of second",
  );
});

test("an answer that is sent again after a crash begins again, and says why", () => {
  const again = { attempt: 2 };
  expect(drawn([content("Half an ans"), content("The whole ", again), content("answer", again)])).toBe(
    "> Send it\n\nHalf an ans\n\n(the answer begins again: the service was restarted)\nThe whole answer\n",
  );
});

test("an error, an event of a later version and one that the service had to cut are lines", () => {
  expect(
    drawn([
      { type: "hologram", data: {} },
      { type: "tool_execution", data: { truncated: true } },
      {
        type: "error",
        data: { errorCode: "E3002", message: "Cancelled.", traceId: "t", reason: "cancelled" },
      },
    ]),
  ).toBe(
    "> Send it\n(hologram: cannot be shown here; see --json)\n(tool_execution: cannot be shown here; see --json)\n✖ E3002: Cancelled. (cancelled)\n",
  );
});

const ended = (status: string, outcome: unknown, result: unknown = "so it is said"): Event => ({
  type: "tool_execution",
  data: { tool: "send_email", parameters: {}, status, result, outcome },
});

test("a call's last word says what is known of its effect, in the language of the service's sentences", () => {
  const words = [
    ended("completed", "completed"),
    ended("failed", "failed"),
    ended("failed", "not_executed"),
    ended("failed", "unknown"),
  ];
  expect(drawn(words)).toBe(`> Send it
✔ send_email: so it is said
✖ send_email: so it is said
⊘ send_email (not executed): so it is said
? send_email (outcome unknown): so it is said
`);
  expect(drawn(words, "ko")).toBe(`> Send it
✔ send_email: so it is said
✖ send_email: so it is said
⊘ send_email (실행되지 않음): so it is said
? send_email (결과를 알 수 없음): so it is said
`);
});

test("a last word of later versions, or one that contradicts the status, is never drawn as a success", () => {
  expect(
    drawn([
      ended("completed", "unknown"),
      ended("completed", "half\u001b[2Jdone"),
      ended("paused", undefined),
      ended("completed", { deep: true }),
      // What older services send.
      ended("completed", undefined),
      ended("failed", null),
    ]),
  ).toBe(`> Send it
? send_email (outcome unknown): so it is said
? send_email (half␛[2Jdone): so it is said
? send_email (paused): so it is said
? send_email ({"deep":true}): so it is said
✔ send_email: so it is said
✖ send_email: so it is said
`);
});

test("what was edited says so: its card, the call that begins and its last word, in both languages", () => {
  const proposed = { to: "kim@example.com\u001b[2J" };
  const parameters = { to: "lee@example.com" };
  const call = (more: object): Event => ({
    type: "tool_execution",
    data: { tool: "send_email", parameters, proposed, ...more },
  });
  const events: Event[] = [
    {
      type: "hitl",
      data: {
        ...{ requestId: "req-2", actionType: "send_email", message: "Send it?", context: parameters },
        editOf: "req-1\u200b",
      },
    },
    call({ status: "executing", result: null }),
    call({ status: "completed", result: "sent", outcome: "completed" }),
    call({ status: "failed", result: "no", outcome: "not_executed" }),
  ];
  expect(drawn(events)).toBe(`> Send it
┌ approval: send_email
│ edited: this takes the place of req-1<U+200B>
│ Send it?
│   to: lee@example.com
└ req-2
→ send_email (edited) {"to":"lee@example.com"}
  proposed was: {"to":"kim@example.com\\u001b[2J"}
✔ send_email (edited): sent
⊘ send_email (edited, not executed): no
`);
  const korean = drawn(events, "ko");
  expect(korean).toContain("│ 수정한 요청입니다. req-1<U+200B> 요청을 대신합니다.\n");
  expect(korean).toContain("→ send_email (수정됨) ");
  expect(korean).toContain("\n  원래 제안: {");
  expect(korean).toContain("⊘ send_email (수정됨, 실행되지 않음): no\n");
});

test("whatever a last word says, it is one harmless row, and a tick stands for `completed` alone", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(
      text,
      fc.oneof(text, fc.constantFrom("completed", "unknown", null)),
      text,
      (tool, said, result) => {
        const rows = drawn([
          {
            type: "tool_execution",
            data: { tool, parameters: {}, status: "completed", result, outcome: said },
          },
        ]);
        expect(rows.split("\n")).toHaveLength(3);
        expect(rows.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}\ud800-\udfff]/u);
        expect(rows.startsWith("✔", "> Send it\n".length)).toBe(said === "completed" || said === null);
      },
    ),
  );
});

test("nothing that an event says acts on the terminal", () => {
  const evil = "a\u001b]0;title\u0007\u001b[2J\u009b31m\u202eb\u2066\rc\u0000\u{e0041}\ud800";
  const all = drawn([
    { type: "thought", data: { content: evil } },
    { type: evil, data: {} },
    step(evil, evil, evil),
    { type: "tool_execution", data: { tool: evil, parameters: { [evil]: evil }, status: "executing" } },
    {
      type: "tool_execution",
      data: { tool: evil, parameters: {}, status: "failed", result: { [evil]: [evil] } },
    },
    {
      type: "hitl",
      data: { requestId: evil, actionType: evil, message: evil, context: { [evil]: evil, deep: { evil } } },
    },
    content(evil),
    { type: "error", data: { errorCode: evil, message: evil, reason: evil } },
  ]);
  expect(all.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u{e0000}-\u{e007f}\ud800-\udfff]/u);
  expect(harmless(evil)).toBe("a␛]0;title␇␛[2J<U+009B>31m<U+202E>b<U+2066>␍c␀<U+E0041>\ufffd");
  const json = harmlessJson({ evil });
  expect(json).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u{e0000}-\u{e007f}]/u);
  expect(JSON.parse(json)).toEqual({ evil });
});

test("an approval's card is whole, and hides nothing that has no width", () => {
  const ids = Array.from({ length: 2_000 }, (_, at) => `id-${at}`);
  const text = drawn([
    {
      type: "hitl",
      data: {
        ...{ requestId: "req-1", actionType: "far__delete", message: "a\u200bb" },
        context: { ids, "n\u2060": { deep: "x\u00ady\u3164" }, body: "👨‍👩‍👧 ❤️\u200d", last: "end" },
      },
    },
  ]);
  const card = text.replaceAll(/\n│ ?/g, "");
  expect(card).toContain(JSON.stringify(ids));
  expect(card).toContain("a<U+200B>b  ids: [");
  expect(card).toContain('n<U+2060>: {"deep":"x<U+00AD>y<U+3164>"}');
  expect(card).toContain("body: 👨‍👩‍👧 ❤️<U+200D>");
  expect(card).toContain("last: end");
});

test("colours are for a terminal, and never with NO_COLOR", () => {
  const styled = (isTTY: boolean, env: NodeJS.ProcessEnv) =>
    createTerminal({ write() {}, isTTY }, env).style("red", "x");
  expect(styled(true, {})).toBe("\u001b[31mx\u001b[39m");
  for (const env of [{ NO_COLOR: "1" }, { NO_COLOR: "1", FORCE_COLOR: "1" }, { TERM: "dumb" }]) {
    expect(styled(true, env)).toBe("x");
  }
  expect(styled(false, { FORCE_COLOR: "1" })).toBe("x");
});

test("columns of a table stand below each other whatever is in them, and its rows fit the terminal", () => {
  const terminal = createTerminal({ write() {}, isTTY: true, columns: 40 }, noColour);
  const titles = ["김철수에게 메일", "plain", "\u1112\u1161\u11ab글", "日本 ｱｲ👍", "two\nlines\u001b[31m"];
  const rows = titles.map((title) => [title, "끝까지 아주 긴 제목이 여기에 있습니다"]);
  const lines = tableOf(terminal, ["TITLE", "LAST"], rows).split("\n");
  const starts = lines.slice(1).map((line) => widthOf(line.slice(0, line.indexOf("끝"))));
  expect(lines).toHaveLength(6);
  expect(new Set(starts)).toEqual(new Set([widthOf("김철수에게 메일") + 2]));
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(40);
});

test("rows are broken at spaces, else anywhere, and never inside a character", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("가나다라", 5)).toEqual(["가나", "다라"]);
  expect(wrap("👨‍👩‍👧👨‍👩‍👧", 3)).toEqual(["👨‍👩‍👧", "👨‍👩‍👧"]);
  expect(wrap("a\n\nb", 5)).toEqual(["a", "", "b"]);
});
