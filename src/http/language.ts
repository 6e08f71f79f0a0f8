import { DEFAULT_LANGUAGE, LANGUAGES, type Language } from "@aura-platform/contract/languages.ts";
import type { FastifyRequest } from "fastify";
import Negotiator from "negotiator";

/** Korean, unless Accept-Language prefers English to it. Languages that are not ours do not count. */
export function languageOf({ headers }: Pick<FastifyRequest, "headers">): Language {
  const preferred = new Negotiator({ headers }).language(LANGUAGES);
  return LANGUAGES.find((language) => language === preferred) ?? DEFAULT_LANGUAGE;
}
