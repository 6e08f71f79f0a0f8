import type { ApprovalRecord } from "../records/approval.ts";

/** How much before a cut tells that a text still has it. */
const CUT_CONTEXT_CHARS = 64;
const MARK = "…";

/**
 * Where new arguments still have the cut of a text that was shown in part: whoever has edited it has never
 * seen its end, which would be lost. A JSON Pointer without its first slash; undefined when they have none.
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
    // The whole has the same words with the same mark: then they prove nothing.
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
