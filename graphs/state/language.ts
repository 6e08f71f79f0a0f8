import type { Language } from "@aura-platform/contract/languages.ts";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";

/** How many characters of a text are read; what follows tells nothing new about its language. */
const MAX_READ = 2_000;

/** Addresses, which are the same in every language. */
const ADDRESSES = /https?:\/\/[\x21-\x7e]+|[\w.+-]{1,64}@[\w.-]+/g;

/** Quotations, which may be in another language than the sentence around them. */
const QUOTED = /```[\s\S]*?```|`[^`]*`|"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》|«[^»]*»/g;

const HANGUL = /\p{Script=Hangul}/u;

/** Function words of English. Korean borrows nouns, hardly ever these. */
const ENGLISH: ReadonlySet<string> = new Set(
  "the a an to of in on at for with from by about and or but not that this these those what who whom when where why how which is are was were be been do does did can could would will should may must please let me my mine you your i we our us it its he she they him her them his their there here if then also has have had send write tell say says saying reply answer give show make mean".split(
    " ",
  ),
);

/**
 * The language of a prompt: Korean where it is written in Hangul, else English. A Korean name or word in an
 * English sentence does not make it Korean, nor English words a Korean one English. Null when it has no words
 * to tell by (an address, digits, an emoji).
 */
export function writtenIn(text: string): Language | null {
  const read = text.slice(0, MAX_READ).replace(ADDRESSES, " ");
  return judge(read.replace(QUOTED, " ")) ?? judge(read);
}

function judge(text: string): Language | null {
  const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const korean = words.filter((word) => HANGUL.test(word)).length;
  if (korean === 0) return /\p{L}/u.test(text) ? "en" : null;
  const english = words.filter((word) => ENGLISH.has(word.toLowerCase())).length;
  return english > korean && !HANGUL.test(words[0] ?? "") ? "en" : "ko";
}

/**
 * The language of a run: the one that its input names, else that of its prompt. A prompt without words has
 * the language of the prompt before it; the default is Korean.
 */
export function languageOfRun({
  language,
  messages = [],
}: {
  language?: Language | null | undefined;
  messages?: readonly BaseMessage[] | undefined;
}): Language {
  if (language) return language;
  for (const message of messages.toReversed()) {
    const found = HumanMessage.isInstance(message) ? writtenIn(message.text) : null;
    if (found !== null) return found;
  }
  return "ko";
}
