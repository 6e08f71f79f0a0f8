/** A lookup (what has happened, or the user's tasks) that a prompt asks for. */
export type DemoLookup =
  | { tool: "recent_events"; args: { types?: string[]; since?: string } }
  | { tool: "search_knowledge"; args: { query: string } }
  | { tool: "list_my_tasks"; args: Record<string, never> };

/**
 * The gaps between words are bounded: else each of many beginnings would be read to the end of the prompt.
 */
const TASKS =
  /\b(?:my|list|show|what|which)\b[^.?]{0,80}\btasks?\b|작업\s*(?:목록|현황|을|를|은|이|좀|보여|뭐)|내\s*작업/i;
const MAILS = /\b(?:what|which|list|show|any)\b[^.?]{0,80}\b(?:e-?)?mails?\b|(?:보낸|받은|온)\s*(?:이?메일)/i;
const SENT = /\b(?:sent|send)\b|보낸/i;
const RECEIVED = /\b(?:received?|got|get)\b|받은|온\s/i;
const TODAY = /\btoday\b|오늘/i;
const RECENT =
  /\bwhat\s+(?:has\s+)?happened\b|\brecent(?:ly)?\b[^.?]{0,80}\bevents?\b|\blatest\s+events?\b|최근[^.?]{0,80}(?:무슨\s*일|이벤트|소식)/i;
const SEARCH = /\b(?:search(?:\s{1,9}for)?|look\s{1,9}for|find)\s/i;
const SEARCH_END = /(?:\s{1,9}in\s{1,9}my\s{1,9}(?:e-?mails?|mail|documents?))?[.?!\s]{0,9}$/i;
const SEARCH_KO = /찾아|검색/;
const SEARCH_KO_BEGIN = /^\s{0,9}내\s{0,9}(?:메일|문서)에서\s{0,9}/;
const SEARCH_KO_END = /(?:을|를)?\s{0,9}(?:좀\s{0,9})?$/;
/** How many of a search's last characters are looked at for its end. */
const END_CHARS = 60;

/** The lookup that the prompt asks for; null when it is about something else. */
export function readLookup(prompt: string): DemoLookup | null {
  if (TASKS.test(prompt)) return { tool: "list_my_tasks", args: {} };
  if (MAILS.test(prompt))
    return { tool: "recent_events", args: { types: mailTypes(prompt), ...sinceOf(prompt) } };
  if (RECENT.test(prompt)) return { tool: "recent_events", args: sinceOf(prompt) };
  const query = searchedFor(prompt);
  return query === "" ? null : { tool: "search_knowledge", args: { query } };
}

function searchedFor(prompt: string): string {
  const english = SEARCH.exec(prompt);
  if (english !== null) return withoutEnd(prompt.slice(english.index + english[0].length), SEARCH_END);
  const korean = SEARCH_KO.exec(prompt);
  if (korean === null) return "";
  return withoutEnd(prompt.slice(0, korean.index).replace(SEARCH_KO_BEGIN, ""), SEARCH_KO_END);
}

function withoutEnd(text: string, end: RegExp): string {
  const whole = text.trim();
  const found = end.exec(whole.slice(-END_CHARS))?.[0] ?? "";
  return whole.slice(0, whole.length - found.length).trim();
}

function mailTypes(prompt: string): string[] {
  const sent = SENT.test(prompt);
  const received = RECEIVED.test(prompt);
  if (sent === received) return ["MailSentEvent", "MailReceivedEvent"];
  return [sent ? "MailSentEvent" : "MailReceivedEvent"];
}

/** Since the beginning of today in Korea, where DWP's users are. */
function sinceOf(prompt: string): { since?: string } {
  if (!TODAY.test(prompt)) return {};
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul" }).format(new Date());
  return { since: `${day}T00:00:00+09:00` };
}
