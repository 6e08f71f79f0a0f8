import type { ShownPart } from "@aura-platform/contract/approvals.ts";
import type { Language } from "@aura-platform/contract/languages.ts";
import { asciiJsonBytes } from "../../encoding/ascii-json.ts";
import { cut as cutText } from "../../tools/cut.ts";
import type { AuraTool } from "../../tools/tool.ts";
import { countUnseen, inQuotes } from "../../tools/visible.ts";
import { TEXTS } from "../state/texts.ts";

/**
 * Limit of the JSON that an approver is shown of a call, as it is sent: pure ASCII. An event has 16 KB
 * (src/http/frame.ts); the rest is for the ids around it.
 */
const MAX_SHOWN_BYTES = 15 * 1024;

/** Texts of up to so many characters are shown whole in every argument. */
const MIN_TEXT = 1_024;

/** Nobody reads arguments that are nested deeper. */
const MAX_DEPTH = 64;

/** A call as an approver sees it. */
export interface ShownCall {
  /** The tool's question; before it, warnings about the arguments. */
  message: string;
  /** Only where the arguments do not fit. */
  shown?: ShownPart;
}

interface Call {
  tool: AuraTool;
  args: Record<string, unknown>;
  toolCallId: string;
  language: Language;
}

/**
 * Decides what an approver sees of a call; events show exactly this. Null when an entry of a list, a key, a
 * number, or a text that identifies the action would have to be left out: nobody may be asked about such a
 * call.
 */
export function showCall(call: Call): ShownCall | null {
  const { tool, args, toolCallId, language } = call;
  if (isDeeper(args, MAX_DEPTH)) return null;
  const message = [...unseenNotices(args, language), tool.approvalMessage(args, language)].join(" ");
  const fits = (shown: ShownPart) =>
    asciiJsonBytes([tool.name, toolCallId, message, shown]) <= MAX_SHOWN_BYTES;
  if (fits({ context: args, notShown: {}, notice: "" })) return { message };
  const shown = longestPart((maxText) => cutTexts(call, maxText), fits);
  return shown === null ? null : { message, shown };
}

/** As much of the long texts as fits, all cut to the same length. */
function longestPart(
  cutTo: (maxText: number) => ShownPart,
  fits: (shown: ShownPart) => boolean,
): ShownPart | null {
  let best = cutTo(MIN_TEXT);
  if (!fits(best)) return null;
  let low = MIN_TEXT;
  let high = MAX_SHOWN_BYTES;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const candidate = cutTo(middle);
    if (fits(candidate)) {
      best = candidate;
      low = middle;
    } else high = middle;
  }
  return best;
}

interface Cut {
  place: string;
  length: number;
  missing: number;
}

function cutTexts({ tool, args, language }: Call, maxText: number): ShownPart {
  const cuts: Cut[] = [];
  const cut = (value: unknown, place: string): unknown => {
    if (typeof value === "string") {
      if (value.length <= maxText) return value;
      const beginning = cutText(value, maxText);
      cuts.push({ place, length: value.length, missing: value.length - beginning.length });
      return `${beginning}…`;
    }
    if (Array.isArray(value)) return value.map((each, at) => cut(each, `${place}/${at}`));
    if (typeof value !== "object" || value === null) return value;
    return mapEntries(value, (key, each) => cut(each, `${place}/${pointerPart(key)}`));
  };
  const isWhole = (name: string) => tool.identifying === undefined || tool.identifying.includes(name);
  const context = mapEntries(args, (name, value) => (isWhole(name) ? value : cut(value, pointerPart(name))));
  return {
    context,
    notShown: Object.fromEntries(cuts.map(({ place, missing }) => [place, missing])),
    notice: TEXTS[language].notShown(
      cuts.map(({ place, length, missing }) => ({ place: inQuotes(place), length, missing })),
    ),
  };
}

/** As in a JSON Pointer, so that two places never have one name. */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** fromEntries defines its keys, `__proto__` too, instead of assigning them. */
function mapEntries(value: object, map: (key: string, each: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, map(key, each)]));
}

/**
 * Warnings that name the arguments with characters that cannot be seen or that change the direction of
 * writing.
 */
function unseenNotices(args: Record<string, unknown>, language: Language): string[] {
  const found = Object.entries(args).flatMap(([name, value]) => {
    const count = unseenIn(name) + unseenIn(value);
    return count === 0 ? [] : [`${inQuotes(name)} (${count})`];
  });
  return found.length === 0 ? [] : [TEXTS[language].unseen(found.join(", "))];
}

function unseenIn(value: unknown): number {
  if (typeof value === "string") return countUnseen(value);
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce((sum, [key, each]) => sum + countUnseen(key) + unseenIn(each), 0);
}

/** Looks no deeper than it has to: very deep nesting must not end the process. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}
