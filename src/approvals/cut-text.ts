import type { ApprovalRecord } from "../records/approval.ts";

/** A text counts as cut when it still has so many characters before the mark. */
const CUT_CONTEXT_CHARS = 64;
const MARK = "…";

/**
 * Finds a text in new arguments that ends where only a part of it was shown: its editor has never seen the
 * rest, which would be lost. Answers its place as a JSON Pointer without the first slash; undefined when
 * there is none.
 */
export function cutTextIn(
  { shown, context }: Pick<ApprovalRecord, "shown" | "context">,
  args: Record<string, unknown>,
): string | undefined {
  if (shown === undefined) return undefined;
  const cuts = Object.keys(shown.notShown).flatMap((place) => {
    const text = textAt(shown.context, place);
    if (text === undefined || !text.endsWith(MARK)) return [];
    const cut = text.slice(-CUT_CONTEXT_CHARS - MARK.length);
    // When the whole text has the same words with the same mark, finding them proves nothing.
    return hasText(context, cut) ? [] : [{ place, cut }];
  });
  return cuts.find(({ cut }) => hasText(args, cut))?.place;
}

function hasText(value: unknown, searched: string): boolean {
  if (typeof value === "string") return value.includes(searched);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((each) => hasText(each, searched));
}

/** @param place as `shown.notShown` names it */
function textAt(value: unknown, place: string): string | undefined {
  let found: unknown = value;
  for (const part of place.split("/")) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return typeof found === "string" ? found : undefined;
}
