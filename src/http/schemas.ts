import type { Language } from "@aura-platform/contract/languages.ts";
import { z } from "zod";
import { AuraError } from "../errors.ts";

/** zod's own sentences; the contract's are the same in every language. */
const LOCALES = { ko: z.locales.ko().localeError, en: z.locales.en().localeError } satisfies Record<
  Language,
  z.core.$ZodErrorMap
>;

/** Parses what a client sent; an AuraError E4000 names the fields that are wrong, without their values. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, language: Language): T {
  const parsed = schema.safeParse(input, { error: LOCALES[language] });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new AuraError("E4000", { data: { issues }, detail: "input refused" });
}
