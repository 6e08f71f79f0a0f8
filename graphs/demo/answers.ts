import type { Language } from "@aura-platform/contract/languages.ts";
import type { ToolMessage } from "@langchain/core/messages";
import { z } from "zod";
import { cut } from "../../tools/cut.ts";
import { findings } from "./findings.ts";
import type { DemoRequest } from "./requests.ts";

const NAME: Readonly<Record<Language, string>> = {
  ko: "(오프라인 데모 모델의 답변입니다.)",
  en: "(This is the offline demo model.)",
};

const LOOKUPS = {
  recent_events: { ko: "최근 이벤트 조회", en: "List recent events" },
  search_knowledge: { ko: "검색", en: "Search" },
  list_my_tasks: { ko: "내 작업 조회", en: "List your tasks" },
} as const;

/** The plan's steps: one per call, and the answer. */
export function demoPlan(requests: readonly DemoRequest[], language: Language) {
  const ko = language === "ko";
  const calls = requests.map(({ tool, args }) => {
    if (tool === "current_time") {
      return {
        title: ko ? "현재 시각 확인" : "Look up the time",
        description: ko ? "현재 시각을 확인합니다." : "Ask for the current time.",
        confidence: 0.95,
        tool,
      };
    }
    if (tool !== "send_email") {
      return {
        title: ko ? LOOKUPS[tool].ko : LOOKUPS[tool].en,
        description: ko ? "DWP에서 조회합니다." : "Look it up in DWP.",
        confidence: 0.9,
        tool,
      };
    }
    const to = [args.to].flat().join(", ");
    return {
      title: ko ? `${to} 에게 메일 보내기` : `Send a mail to ${to}`,
      description: ko
        ? `"${args.subject}" 메일을 승인받아 보냅니다.`
        : `Send "${args.subject}" once it is approved.`,
      confidence: 0.9,
      tool,
    };
  });
  return [
    ...calls,
    {
      title: ko ? "답변하기" : "Answer",
      description: ko ? "결과를 알려 드립니다." : "Tell the user the outcome.",
      confidence: 0.95,
    },
  ];
}

/** The answer to a prompt that asks for nothing the demo model knows. */
export function greeting(prompt: string, language: Language): string {
  const heard = prompt.length > 80 ? `${cut(prompt, 80)}…` : prompt;
  return language === "ko"
    ? `안녕하세요, Aura입니다. "${heard}" 라고 말씀하셨네요. 저는 오프라인 데모 모델이라 정해진 규칙으로만 답할 수 있습니다. 메일 보내기(예: "kim@example.com 에게 제목 회의 내용 내일 3시 회의입니다 라고 메일 보내줘"), 현재 시각(예: "지금 몇 시야"), 있었던 일 찾기(예: "오늘 내가 보낸 메일 뭐 있어")와 작업 목록(예: "내 작업 목록")을 해 보실 수 있습니다.`
    : `Hello, I am Aura. You said: "${heard}". I am the offline demo model and answer by fixed rules. I can send a mail ("Send an email to kim@example.com with subject Hi saying hello there"), tell the time ("What time is it in Seoul?"), find what has happened ("What mail did I send today?") and list your tasks ("List my tasks").`;
}

/** The answer to a prompt that asks for a tool which is not bound. */
export function missingTool(tool: string, language: Language): string {
  return language === "ko"
    ? `지금은 ${tool} 도구를 사용할 수 없어 요청하신 일을 하지 못했습니다. ${NAME.ko}`
    : `I cannot do that here: the tool ${tool} is not available. ${NAME.en}`;
}

/** Reports what became of the calls, as the tool messages say. */
export function report(results: readonly ToolMessage[], language: Language): string {
  const lines = results.map((result) => outcome(result, language));
  return `${lines.length === 1 ? lines[0] : lines.map((line) => `- ${line}`).join("\n")}\n\n${NAME[language]}`;
}

const mailSent = z.object({
  messageId: z.string(),
  accepted: z.array(z.string()),
  rejected: z.array(z.string()),
});
const timeTold = z.object({ timeZone: z.string(), time: z.string() });

/**
 * The note in front of the answer to a call that a person has changed; tool-answer.ts escapes every "<"
 * within.
 */
const EDITED = /^EDITED: [^<]*<tool_data>[^<]*<\/tool_data>\n/;

function outcome(message: ToolMessage, language: Language): string {
  const text = message.text.replace(EDITED, "");
  const told = outcomeOf(message, text, language);
  if (text === message.text) return told;
  return language === "ko" ? `수정하신 내용에 대한 결과입니다. ${told}` : `With your changes: ${told}`;
}

function outcomeOf({ name, status }: ToolMessage, text: string, language: Language): string {
  const refused = /^NOT EXECUTED \((\w+)\)/.exec(text)?.[1];
  if (refused !== undefined)
    return refusal(name, refused, / (?:Reason|Answer): (.*)$/s.exec(text)?.[1], language);
  if (status === "error" || text.startsWith("ERROR:")) return failure(name, text, language);
  return success(text, language);
}

const WHY: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  ko: {
    rejected: "승인이 거절되어",
    expired: "승인 기한이 지나",
    superseded: "새 요청이 들어와",
    cancelled: "취소되어",
    changed: "승인된 내용과 달라",
    answered: "직접 답해 주셔서",
  },
  en: {
    rejected: "the approval was rejected",
    expired: "nobody approved it in time",
    superseded: "a newer request took its place",
    cancelled: "it was cancelled",
    changed: "it was not what had been approved",
    answered: "you answered in its place",
  },
};

const REASON = {
  ko: { reason: "사유", answer: "답변" },
  en: { reason: "Reason", answer: "Answer" },
} as const;

function refusal(
  tool: string | undefined,
  status: string,
  reason: string | undefined,
  language: Language,
): string {
  const why = WHY[language][status] ?? status;
  const label = REASON[language][status === "answered" ? "answer" : "reason"];
  if (language === "ko") {
    const what = tool === "send_email" ? "메일을 보내지 않았습니다" : "요청을 실행하지 않았습니다";
    return `${why} ${what}.${reason ? ` ${label}: ${reason}` : ""}`;
  }
  const what = tool === "send_email" ? "No mail was sent" : "Nothing was done";
  return `${what}: ${why}.${reason ? ` ${label}: ${reason}` : ""}`;
}

function failure(name: string | undefined, text: string, language: Language): string {
  const reason = text.replace(/^ERROR:\s*/, "");
  if (/outcome unknown|whether it had an effect is unknown/.test(reason)) {
    return language === "ko" ? `결과를 알 수 없습니다: ${reason}` : `The outcome is unknown: ${reason}`;
  }
  if (language === "ko") return `${name ?? "도구"} 실행에 실패했습니다: ${reason}`;
  return `${name ?? "The tool"} failed: ${reason}`;
}

function success(text: string, language: Language): string {
  const value = parse(text);
  const found = findings(value, language);
  if (found !== null) return found;
  const mail = mailSent.safeParse(value);
  if (mail.success) return sent(mail.data, language);
  const time = timeTold.safeParse(value);
  if (time.success) {
    const { time: at, timeZone } = time.data;
    return language === "ko" ? `현재 시각은 ${at} (${timeZone}) 입니다.` : `It is ${at} in ${timeZone}.`;
  }
  return language === "ko" ? `결과: ${text}` : `Result: ${text}`;
}

function sent({ messageId, accepted, rejected }: z.output<typeof mailSent>, language: Language): string {
  const to = accepted.join(", ");
  // In code quotes, or Markdown would take <...> for a tag.
  if (language === "ko") {
    const refused =
      rejected.length > 0 ? ` 다음 주소는 메일 서버가 거부했습니다: ${rejected.join(", ")}.` : "";
    return `${to} 주소로 메일을 보냈습니다. Message-ID: \`${messageId}\`.${refused}`;
  }
  const refused = rejected.length > 0 ? ` The mail server refused ${rejected.join(", ")}.` : "";
  return `The mail to ${to} was sent. Message-ID: \`${messageId}\`.${refused}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^<tool_data>([\s\S]*)<\/tool_data>$/, "$1"));
  } catch {
    return null;
  }
}
