import {
  asDrawable,
  type DrawableData,
  type DrawableEvent,
  type RunEvent,
} from "@aura-platform/client/events.ts";
import type { AgentStep } from "@aura-platform/client/shapes.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { createScreen, type Prompt, type Screen } from "./screen.ts";
import { stepRow } from "./steps.ts";
import type { Style, Terminal } from "./terminal.ts";
import { clip, harmless, harmlessLine, nothingHidden, oneLine, wrap } from "./text.ts";
import { toolRows } from "./tool-row.ts";
import { WORDS } from "./words.ts";

/** Of arguments and results in a row of their own, where no screen gives the limit. */
const LONG = 200;

/** Draws the events of runs as they come. */
export interface Drawing {
  /** A run begins: who asked for what. Its plan starts empty. */
  begin(prompt: string | null): void;
  event(event: Pick<RunEvent, "type" | "data">): void;
  /** A line for the person, between the events. */
  note(text: string, style?: Style): void;
  /** Asks, below everything that is drawn meanwhile; null takes the question away. */
  prompt(prompt: Prompt | null): void;
  /** Leaves the terminal to another program until the work is done. */
  away<T>(work: () => Promise<T>): Promise<T>;
  /** Nothing more of this run comes. */
  end(): void;
}

/**
 * The plan stands below everything else and is ticked in place on a terminal that can do that; elsewhere each
 * change of a step is a line. Thoughts are dimmed, the answer appears as it is streamed, an approval is a
 * card.
 *
 * @param language of the words between the service's sentences
 */
export function createDrawing(terminal: Terminal, language: Language): Drawing {
  const words = WORDS[language];
  const screen = createScreen(terminal);
  const plan = createPlan(screen, terminal);
  const answer = createAnswer(screen, (line) => terminal.style("dim", line), words.again);
  const row = (text: string, style?: Style) => {
    answer.pause();
    const line = clip(text, terminal.live ? terminal.columns - 1 : LONG);
    screen.line(style === undefined ? line : terminal.style(style, line));
  };
  const draw = drawEvents({ terminal, language, screen, plan, answer, row });
  return {
    begin(prompt) {
      screen.settle();
      plan.clear();
      answer.pause();
      if (prompt !== null) screen.line(terminal.style("bold", `> ${harmlessLine(prompt)}`));
    },
    event({ type, data }) {
      const event = asDrawable({ type, data });
      if (event === null) row(words.cannotShow(harmlessLine(type)), "dim");
      else draw(event);
    },
    note(text, style) {
      answer.pause();
      const line = harmlessLine(text);
      screen.line(style === undefined ? line : terminal.style(style, line));
    },
    prompt: (prompt) => screen.prompt(prompt),
    away(work) {
      answer.pause();
      return screen.away(work);
    },
    end: () => screen.settle(),
  };
}

interface Parts {
  terminal: Terminal;
  language: Language;
  screen: Screen;
  plan: ReturnType<typeof createPlan>;
  answer: ReturnType<typeof createAnswer>;
  row(text: string, style?: Style): void;
}

/** Draws an event where one of its type belongs. */
function drawEvents({ terminal, language, screen, plan, answer, row }: Parts) {
  return (event: DrawableEvent) => {
    switch (event.type) {
      case "thought":
        answer.pause();
        for (const line of lines(event.data.content, terminal)) screen.line(terminal.style("dim", line));
        return;
      case "plan_step":
        return plan.step(event.data, row);
      case "tool_execution":
        for (const [text, style] of toolRows(event.data, language)) row(text, style);
        return;
      case "hitl":
        answer.pause();
        for (const line of approvalCard(event.data, terminal, language)) screen.line(line);
        return;
      case "content":
        return answer.delta(event.data);
      case "error":
        return row(errorRow(event.data), "red");
      default:
        return event satisfies never;
    }
  };
}

function createPlan(screen: Screen, terminal: Terminal) {
  const steps = new Map<string, AgentStep>();
  const shown = new Map<string, string>();
  return {
    step(step: AgentStep, row: (text: string, style?: Style) => void) {
      steps.set(step.id, step);
      const { text, style } = stepRow(step);
      if (screen.live) {
        const rows = [...steps.values()].map(stepRow);
        screen.footer(
          rows.map((each) => ({ text: each.text, styled: (fitted) => terminal.style(each.style, fitted) })),
        );
      } else if (shown.get(step.id) !== text) {
        shown.set(step.id, text);
        row(text, style);
      }
    },
    clear() {
      steps.clear();
      shown.clear();
    },
  };
}

/** The streamed text. After something else was drawn, it goes on in a line of its own. */
function createAnswer(screen: Screen, dim: (line: string) => string, beginsAgain: string) {
  let current: string | null = null;
  let attempt = 1;
  return {
    delta(data: DrawableData<"content">) {
      const message = data.messageId ?? "";
      const again = (data.attempt ?? 1) > attempt;
      if (current !== message || again) screen.line("");
      // What was streamed before the service went down is sent again, and replaces it.
      if (again) screen.line(dim(beginsAgain));
      current = message;
      attempt = Math.max(attempt, data.attempt ?? 1);
      screen.stream(harmless(data.content));
    },
    pause() {
      current = null;
    },
  };
}

/** What an approval lets through, word for word: nothing of it is cut, and nothing in it is hidden. */
export function approvalCard(
  approval: DrawableData<"hitl">,
  terminal: Terminal,
  language: Language,
): string[] {
  const bar = terminal.style("yellow", "│");
  const words = WORDS[language];
  const head = `┌ ${words.approval}: ${harmlessLine(approval.actionType)}`;
  const body = [
    ...(approval.editOf == null ? [] : [words.editOf(nothingHidden(oneLine(approval.editOf)))]),
    ...nothingHidden(approval.message).split("\n"),
    ...Object.entries(approval.context).flatMap(([name, value]) => {
      const [first = "", ...more] = nothingHidden(typeof value === "string" ? value : oneLine(value)).split(
        "\n",
      );
      return [`  ${nothingHidden(harmlessLine(name))}: ${first}`, ...more.map((line) => `    ${line}`)];
    }),
  ];
  const inside = body.flatMap((line) => wrap(line, terminal.columns - 3));
  return [
    terminal.style("yellow", head),
    ...inside.map((line) => `${bar} ${line}`),
    terminal.style("yellow", `└ ${harmlessLine(approval.requestId)}`),
  ];
}

function errorRow({ errorCode, message, reason }: DrawableData<"error">) {
  return harmlessLine(`✖ ${errorCode}: ${message}${reason === undefined ? "" : ` (${reason})`}`);
}

function lines(text: string, terminal: Terminal): string[] {
  return wrap(harmless(text).replace(/\n+$/, ""), terminal.columns - 1);
}
