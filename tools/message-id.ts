import { createHash } from "node:crypto";
import { domainOf } from "./mail-address.ts";
import type { ToolContext } from "./tool.ts";

/**
 * The same call always carries the same Message-ID, so that a repetition after a crash is recognisable
 * as one. JSON keeps the joined parts apart whatever they contain.
 */
export function deriveMessageId(
  { threadId, taskId, toolCallId }: Pick<ToolContext, "threadId" | "taskId" | "toolCallId">,
  from: string,
): string {
  const key = createHash("sha256")
    .update(JSON.stringify([threadId, taskId, toolCallId]))
    .digest("hex");
  const domain = domainOf(from) ?? "aura.invalid";
  return `<${key.slice(0, 40)}@${domain}>`;
}
