import { z } from "zod";
import { cut } from "../../tools/cut.ts";
import { isValueDeeperThan, MAX_JSON_DEPTH } from "../../tools/json-depth.ts";
import { isObject, type Keywords } from "./json-schema-values.ts";

/** A tool as a server lists it, as far as we use it. */
export interface ListedTool {
  name: string;
  title: string | undefined;
  description: string | undefined;
  inputSchema: Keywords;
  /** What the server says of it; nothing that is not plainly `true` is said. */
  readOnly: boolean;
  idempotent: boolean;
}

type Read = { ok: true; tool: ListedTool } | { ok: false; name: string; why: string };

const NO_NAME = "(no name)";

/** Longest name in the log, in characters. */
const MAX_NAME = 200;

/** What is null, or of another type, in the place of a courtesy counts as not given. */
const text = z.string().optional().catch(undefined);
const hint = z
  .literal(true)
  .optional()
  .catch(undefined)
  .transform((said) => said === true);

const listed = z.object({
  name: z.string().min(1),
  title: text,
  description: text,
  inputSchema: z.unknown().optional(),
  annotations: z
    .object({ title: text, readOnlyHint: hint, idempotentHint: hint })
    .catch({ title: undefined, readOnlyHint: false, idempotentHint: false }),
  execution: z.object({ taskSupport: text }).catch({ taskSupport: undefined }),
});

/** Reads one entry of a server's list. One that cannot be used says why; it never throws. */
export function readListed(value: unknown): Read {
  const name = listedName(value);
  const leave = (why: string): Read => ({ ok: false, name, why });
  if (isValueDeeperThan(value, MAX_JSON_DEPTH)) return leave("it nests too deeply");
  const parsed = listed.safeParse(value);
  if (!parsed.success) return leave("it is not described as the protocol asks");
  const { name: own, description, inputSchema, annotations, execution } = parsed.data;
  if (!isObject(inputSchema)) return leave("it is not described as the protocol asks: it has no inputSchema");
  if (execution.taskSupport === "required") return leave("it can only be run as a task");
  const { readOnlyHint, idempotentHint } = annotations;
  const title = parsed.data.title ?? annotations.title;
  return {
    ok: true,
    tool: { name: own, title, description, inputSchema, readOnly: readOnlyHint, idempotent: idempotentHint },
  };
}

/** For the log and the allow-list, before anything else of it is known to be right. */
export function listedName(value: unknown): string {
  return isObject(value) && typeof value.name === "string" && value.name !== ""
    ? cut(value.name, MAX_NAME)
    : NO_NAME;
}
