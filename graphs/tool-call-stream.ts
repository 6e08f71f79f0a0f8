import { z } from "zod";

/** A piece of a tool call as servers stream them; any part may be missing. */
export interface CallFragment {
  id?: string | undefined;
  name?: string | undefined;
  /** JSON text, or a piece of it. */
  args?: string | undefined;
  index?: number | string | undefined;
}

/** A call as the model asked for it. Its id is whatever the server sent: maybe empty, maybe used before. */
export interface RequestedCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
  /** The arguments' text and what is wrong with it, when it is not a JSON object; `args` is empty then. */
  malformed?: { text: string; problem: string };
}

interface OpenCall {
  index: number | string | undefined;
  id: string;
  name: string;
  args: string;
  /** Looks like the call before it. If no arguments follow, it was that call's name repeated at its end. */
  echoes: boolean;
}

/**
 * Puts streamed fragments together. Servers differ: some number parallel calls, some send index 0 for
 * all of them, some none; some repeat the name or the id with every fragment. A fragment begins a new
 * call when its index is new, or when it names a tool while its id differs from the open call's or
 * the open call is already complete.
 */
export function toolCallCollector() {
  const calls: OpenCall[] = [];
  return {
    add(fragment: CallFragment): void {
      const open = calls.findLast((call) => call.index === fragment.index);
      if (open === undefined || beginsAnother(open, fragment)) {
        const { index, id = "", name = "", args = "" } = fragment;
        calls.push({ index, id, name, args, echoes: open?.id === id && open.name === name });
        return;
      }
      open.id ||= fragment.id ?? "";
      open.name ||= fragment.name ?? "";
      open.args += fragment.args ?? "";
    },
    finish: (): RequestedCall[] => calls.filter(({ echoes, args }) => !echoes || args !== "").map(toCall),
  };
}

function beginsAnother(open: OpenCall, fragment: CallFragment): boolean {
  if (!fragment.name || open.name === "") return false;
  if (fragment.id && open.id !== "" && fragment.id !== open.id) return true;
  return parseArguments(open.args).success;
}

function toCall({ id, name, args: text }: OpenCall): RequestedCall {
  // Tools without parameters are often called with no text at all.
  const parsed = parseArguments(text.trim() === "" ? "{}" : text);
  if (parsed.success) return { id, name, args: parsed.data };
  return { id, name, args: {}, malformed: { text, problem: "the arguments are not a JSON object" } };
}

const argumentsObject = z.string().transform((text, context): Record<string, unknown> => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    context.addIssue("not a JSON object");
    return z.NEVER;
  }
});

function parseArguments(text: string) {
  return argumentsObject.safeParse(text);
}
