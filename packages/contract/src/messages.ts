import { z } from "zod";
import { jsonObject } from "./json-text.ts";

/** Of a tool's answer. */
const answerStatus = z.enum(["success", "error"]);

/** A message of a conversation, as clients see it. */
export const clientMessage = z.strictObject({
  id: z.string().nullable(),
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string(),
  toolCalls: z
    .array(z.strictObject({ id: z.string().nullable(), name: z.string(), args: jsonObject }))
    .exactOptional(),
  toolCallId: z.string().exactOptional(),
  name: z.string().exactOptional(),
  status: answerStatus.exactOptional(),
});
export type ClientMessage = z.output<typeof clientMessage>;

const editedId = { id: z.string().exactOptional() };
const editedCall = z.object({ id: z.string(), name: z.string(), args: jsonObject });

/** What a client puts in the place of a message, or adds; `remove` takes one out. */
export const editedMessage = z.union([
  z.strictObject({ id: z.string(), remove: z.literal(true) }),
  z.strictObject({ ...editedId, role: z.literal("user"), content: z.string() }),
  z.strictObject({
    ...editedId,
    role: z.literal("assistant"),
    content: z.string(),
    toolCalls: z.array(editedCall).exactOptional(),
  }),
  z.strictObject({
    ...editedId,
    role: z.literal("tool"),
    content: z.string(),
    toolCallId: z.string(),
    name: z.string().exactOptional(),
    status: answerStatus.exactOptional(),
  }),
]);
export type EditedMessage = z.output<typeof editedMessage>;
