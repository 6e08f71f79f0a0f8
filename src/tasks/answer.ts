import { anyEnvelope } from "@aura-platform/contract/envelope.ts";
import { z } from "zod";
import { failureKindOf, MainServiceError, mayBeAboutContent } from "./main-service-error.ts";
import { mentionedFields, unfitFields } from "./named-fields.ts";

/** Largest answer, in bytes: a page of a hundred tasks with all that is kept of them is well below. */
const MAX_ANSWER = 16 * 1024 * 1024;
/** How much of an error's body is read, in bytes: more of it would not name another field. */
const MAX_ERROR = 64 * 1024;

const answer = anyEnvelope.pick({ data: true }).required();
/** A code that is none of a code's form is not repeated. */
const error = anyEnvelope.pick({ errorCode: true }).extend({
  errorCode: z
    .string()
    .regex(/^[A-Z]{1,4}\d{1,6}$/)
    .optional()
    .catch(undefined),
});

/** A call, as far as its errors speak of it. */
export interface Sent {
  /** Method and path, without the query. */
  what: string;
  /** Names and values, of the query too. */
  fields: Readonly<Record<string, unknown>>;
}

/** The envelope's `data`. Its time is limited by the call's. @throws MainServiceError `failed` */
export async function readData(response: Response, { what }: Sent): Promise<unknown> {
  const { status } = response;
  const { text, isWhole } = await readText(response, MAX_ANSWER);
  if (!isWhole) {
    throw new MainServiceError("failed", `the answer to ${what} is longer than ${MAX_ANSWER} bytes`, {
      status,
    });
  }
  try {
    return answer.parse(JSON.parse(text)).data;
  } catch (cause) {
    throw new MainServiceError("failed", `the answer to ${what} is no envelope`, { status, cause });
  }
}

/**
 * The error that an answer without success stands for; of its text only our own names and its code are
 * repeated.
 */
export async function readError(response: Response, { what, fields }: Sent): Promise<MainServiceError> {
  const { status } = response;
  const said = parseError((await readText(response, MAX_ERROR)).text);
  const { errorCode } = said;
  const unfit = mayBeAboutContent(status) ? unfitFields(fields) : [];
  const named = [...new Set([...mentionedFields(said, Object.keys(fields)), ...unfit])];
  const code = errorCode === undefined ? "" : ` ${errorCode}`;
  const about = named.length === 0 ? "" : `; not taken: ${named.join(", ")}`;
  return new MainServiceError(failureKindOf(status), `${what} was answered ${status}${code}${about}`, {
    status,
    fields: named,
    ...(errorCode === undefined ? {} : { errorCode }),
  });
}

/** A page of HTML, say, speaks of nothing of ours. */
function parseError(text: string): z.output<typeof error> {
  try {
    return error.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

async function readText({ body }: Response, limit: number): Promise<{ text: string; isWhole: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const bytes of body ?? []) {
    length += bytes.byteLength;
    // Leaving the loop closes the connection.
    if (length > limit) return { text, isWhole: false };
    text += decoder.decode(bytes, { stream: true });
  }
  return { text: text + decoder.decode(), isWhole: true };
}
