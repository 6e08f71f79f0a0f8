import { z } from "zod";

/** The languages in which people are spoken to; the first one is used where none is asked for. */
export const LANGUAGES = Object.freeze(["ko", "en"] as const);
export const DEFAULT_LANGUAGE = LANGUAGES[0];

export const language = z.enum(LANGUAGES);
export type Language = z.output<typeof language>;

/** What is said to a person, in every language. */
export type Sentence = Readonly<Record<Language, string>>;

/** The language that a tag (`ko`, `en-US`, `ko_KR`) names; undefined for every other one. */
export function languageOfTag(tag: string): Language | undefined {
  const [base] = tag.toLowerCase().split(/[-_]/);
  return LANGUAGES.find((each) => each === base);
}
