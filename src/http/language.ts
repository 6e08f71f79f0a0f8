import type { FastifyRequest } from "fastify";
import type { Language } from "../errors.ts";

/** Korean, unless Accept-Language prefers English to it. Other languages do not count. */
export function languageOf(request: FastifyRequest): Language {
  let best: { language: Language; quality: number } = { language: "ko", quality: 0 };
  for (const part of (request.headers["accept-language"] ?? "").split(",")) {
    const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
    const language = tag.split("-")[0];
    if (language !== "ko" && language !== "en") continue;
    const q = parameters.map((parameter) => /^\s*q=([0-9.]+)$/.exec(parameter)?.[1]).find(Boolean);
    const quality = q === undefined ? 1 : Number(q);
    if (quality > best.quality) best = { language, quality };
  }
  return best.language;
}
