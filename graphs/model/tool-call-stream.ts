import { cut } from "../../tools/cut.ts";
import { isTextDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { readCallArguments } from "./call-arguments.ts";
import { objectScanner } from "./json-scan.ts";
import { type JsonObject, mergeKept } from "./kept-fields.ts";

/** A piece of a tool call as servers stream them; any part may be missing. */
export interface CallFragment {
  id?: string | undefined;
  name?: string | undefined;
  /** JSON text, or a piece of it. */
  args?: string | undefined;
  index?: number | string | undefined;
  /** Fields of the call whose meaning only its server knows. */
  kept?: JsonObject | undefined;
}

/** A call as the model asked for it. The id is whatever the server sent: it may be empty, or used before. */
export interface RequestedCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
  /** The arguments' text and what is wrong with it, when it is not a JSON object; `args` is empty then. */
  malformed?: { text: string; problem: string };
  /** The number of calls over the limit that this one stands for, including itself; `args` is empty then. */
  dropped?: number;
  /** Fields of the call whose meaning only its server knows. */
  kept?: JsonObject;
}

interface OpenCall {
  index: number | string | undefined;
  id: string;
  name: string;
  args: string;
  tooLong: boolean;
  kept: JsonObject | undefined;
  /** Knows whether the arguments are complete. */
  scan: ReturnType<typeof objectScanner>;
  /**
   * Whether they are an object, once that was asked. Later pieces can only change it by breaking the scan.
   */
  isObject?: boolean;
  /**
   * It has the id and the name of the call before it. If no arguments follow, the server only repeated them.
   */
  echoes: boolean;
}

/** Limit of one call's arguments, in characters; what is longer is not kept. */
const MAX_ARGUMENTS = 256 * 1024;

/** Limit of a name. It is above that of tools, so that cutting a name never makes a tool's name of it. */
const MAX_NAME = 100;

/** Limit of an id; a longer one counts as missing. */
const MAX_ID = 256;

/**
 * Puts streamed fragments together, and keeps at most `maxCalls` calls and one that stands for all others.
 * Servers differ: some number parallel calls, some send index 0 for all of them, some none; some repeat the
 * name or the id with every fragment. A fragment begins a new call when its index is new, or when it names a
 * tool while its id differs from the open call's or the open call is already complete.
 */
export function toolCallCollector(maxCalls: number) {
  let calls: OpenCall[] = [];
  const latest = new Map<CallFragment["index"], OpenCall>();
  /** The last call over the limit; of the others only the number is kept. */
  let over: OpenCall | undefined;
  let dropped = 0;

  const begin = (fragment: CallFragment, open: OpenCall | undefined) => {
    const call = openCall(fragment, open);
    // Another call has begun, so no arguments will follow: it was only a repetition.
    if (open !== undefined && isEcho(open)) calls = calls.filter((each) => each !== open);
    // A repetition becomes a call once arguments follow; finish() leaves out what is then too many.
    if (calls.filter((each) => !isEcho(each)).length < maxCalls) {
      calls.push(call);
      latest.set(fragment.index, call);
    } else if (fragment.name || fragment.id) {
      latest.delete(fragment.index);
      if (over !== undefined && !isEcho(over)) dropped += 1;
      over = call;
    }
  };

  return {
    add(fragment: CallFragment): void {
      const open = latest.get(fragment.index) ?? (over?.index === fragment.index ? over : undefined);
      if (open === undefined || beginsAnother(open, fragment)) begin(fragment, open);
      else continueCall(open, fragment);
    },
    /**
     * @param missing why parts of the answer are missing: what looks like a whole call may then be half of
     * one
     */
    finish(missing?: keyof typeof MISSING): RequestedCall[] {
      const asked = calls.filter((call) => !isEcho(call));
      const kept = asked.slice(0, maxCalls).map((call) => toCall(call, missing));
      const last = over ?? asked.at(-1);
      const all = asked.length - kept.length + dropped + (over === undefined || isEcho(over) ? 0 : 1);
      if (last === undefined || all === 0) return kept;
      return [...kept, { id: last.id, name: last.name, args: {}, dropped: all }];
    },
  };
}

/** Problems in our words, for the model. */
const MISSING = Object.freeze({
  length: "the answer was cut at its length limit before the arguments were complete",
  lost: "a part of the answer could not be read, so the arguments may be incomplete",
});

function openCall({ index, id = "", name = "", args = "", kept }: CallFragment, before?: OpenCall): OpenCall {
  const call: OpenCall = {
    index,
    id: usable(id),
    name: cut(name, MAX_NAME),
    args: "",
    tooLong: false,
    kept,
    scan: objectScanner(),
    echoes: before?.id === id && before.name === name,
  };
  addArguments(call, args);
  return call;
}

function continueCall(open: OpenCall, { id = "", name = "", args = "", kept }: CallFragment): void {
  open.id ||= usable(id);
  open.name ||= cut(name, MAX_NAME);
  open.kept = mergeKept(open.kept, kept);
  addArguments(open, args);
}

function addArguments(call: OpenCall, piece: string): void {
  call.tooLong ||= call.args.length + piece.length > MAX_ARGUMENTS;
  if (call.tooLong) return;
  call.args += piece;
  call.scan.add(piece);
}

function usable(id: string): string {
  return id.length > MAX_ID ? "" : id;
}

function isEcho({ echoes, args }: OpenCall): boolean {
  return echoes && args === "";
}

function beginsAnother(open: OpenCall, fragment: CallFragment): boolean {
  if (!fragment.name || open.name === "") return false;
  // A stray `{}` before the arguments, of a server that repeats name and id.
  const isSame = open.id !== "" && fragment.id === open.id && fragment.name === open.name;
  if (isSame && fragment.args && isStray(open.args)) return false;
  if (fragment.id && open.id !== "" && fragment.id !== open.id) return true;
  if (!open.scan.isClosed()) return false;
  // Asked once: a server that repeats the name with every fragment must not cause all of it to be parsed each
  // time.
  open.isObject ??= readCallArguments(open.args) !== undefined;
  return open.isObject;
}

/**
 * Only short texts are trimmed: doing it for every piece of a growing text would copy all of it each time.
 */
function isStray(args: string): boolean {
  return args.length < 10 && args.trim() === "{}";
}

function toCall(open: OpenCall, missing: keyof typeof MISSING | undefined): RequestedCall {
  const { id, name, args: text, kept } = open;
  const call = { id, name, args: {}, ...(kept === undefined ? {} : { kept }) };
  const problem = problemOf(open, missing);
  if (problem !== undefined) return { ...call, malformed: { text, problem } };
  const args = readCallArguments(text);
  if (args !== undefined) return { ...call, args };
  return { ...call, malformed: { text, problem: "the arguments are not a JSON object" } };
}

function problemOf(open: OpenCall, missing: keyof typeof MISSING | undefined): string | undefined {
  if (open.tooLong) return `the arguments are longer than ${MAX_ARGUMENTS} characters`;
  // Storing, showing and comparing recurse over arguments, and would run out of stack.
  if (isTextDeeperThan(open.args, MAX_JSON_DEPTH)) {
    return `the arguments nest deeper than ${MAX_JSON_DEPTH} levels`;
  }
  if (missing === "lost" || (missing === "length" && !open.scan.isClosed())) return MISSING[missing];
  return undefined;
}
