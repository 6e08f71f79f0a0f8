import type { Limit } from "@aura-platform/contract/failures.ts";
import type { Language } from "@aura-platform/contract/languages.ts";

const WHAT = Object.freeze({
  ko: { queuedRuns: "대기 중인 실행은", openStreams: "열린 스트림은" },
  en: { queuedRuns: "queued runs", openStreams: "open streams" },
} satisfies Record<Language, Record<Limit["cap"], string>>);
const WHOSE = Object.freeze({
  ko: { user: "사용자당", tenant: "테넌트당" },
  en: { user: "per user", tenant: "per tenant" },
} satisfies Record<Language, Record<Limit["scope"], string>>);

/** A cap in words, for whoever has reached it. */
export function ownerLimitText({ cap, scope, limit }: Limit, language: Language): string {
  const [what, whose] = [WHAT[language][cap], WHOSE[language][scope]];
  return language === "ko" ? `${whose} ${what} 최대 ${limit}개입니다` : `at most ${limit} ${what} ${whose}`;
}
