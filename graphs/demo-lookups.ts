/** A look at what has happened, or at the user's tasks, that the demo model reads out of a prompt. */
export type DemoLookup =
  | { tool: "recent_events"; args: { types?: string[]; since?: string } }
  | { tool: "search_knowledge"; args: { query: string } }
  | { tool: "list_my_tasks"; args: Record<string, never> };

const TASKS =
  /\b(?:my|list|show|what|which)\b[^.?]*\btasks?\b|작업\s*(?:목록|현황|을|를|은|이|좀|보여|뭐)|내\s*작업/i;
const MAILS = /\b(?:what|which|list|show|any)\b[^.?]*\b(?:e-?)?mails?\b|(?:보낸|받은|온)\s*(?:이?메일)/i;
const SENT = /\b(?:sent|send)\b|보낸/i;
const RECEIVED = /\b(?:received?|got|get)\b|받은|온\s/i;
const TODAY = /\btoday\b|오늘/i;
const RECENT =
  /\bwhat\s+(?:has\s+)?happened\b|\brecent(?:ly)?\b[^.?]*\bevents?\b|\blatest\s+events?\b|최근[^.?]*(?:무슨\s*일|이벤트|소식)/i;
const SEARCH: readonly RegExp[] = [
  /\b(?:search(?:\s+for)?|look\s+for|find)\s+(.+?)(?:\s+in\s+my\s+(?:e-?mails?|mail|documents?))?[.?!]*\s*$/is,
  /^(?:내\s*(?:메일|문서)에서\s*)?(.+?)(?:을|를)?\s*(?:좀\s*)?(?:찾아|검색)/s,
];

/** What the prompt wants to be looked up; null when it is about something else. */
export function readLookup(prompt: string): DemoLookup | null {
  if (TASKS.test(prompt)) return { tool: "list_my_tasks", args: {} };
  if (MAILS.test(prompt))
    return { tool: "recent_events", args: { types: mailTypes(prompt), ...sinceOf(prompt) } };
  if (RECENT.test(prompt)) return { tool: "recent_events", args: sinceOf(prompt) };
  for (const search of SEARCH) {
    const query = search.exec(prompt)?.[1]?.trim();
    if (query) return { tool: "search_knowledge", args: { query } };
  }
  return null;
}

function mailTypes(prompt: string): string[] {
  const sent = SENT.test(prompt);
  const received = RECEIVED.test(prompt);
  if (sent === received) return ["MailSentEvent", "MailReceivedEvent"];
  return [sent ? "MailSentEvent" : "MailReceivedEvent"];
}

/** DWP's users are in Korea: their day begins there. */
function sinceOf(prompt: string): { since?: string } {
  if (!TODAY.test(prompt)) return {};
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul" }).format(new Date());
  return { since: `${day}T00:00:00+09:00` };
}
