import type { Language } from "@aura-platform/contract/languages.ts";
import type { z } from "zod";

/** Whom and what a tool call belongs to. Never filled from model output. */
export interface ToolContext {
  threadId: string;
  /** LangGraph task id: equal on resume and retry, new on a replay or fork. */
  taskId: string;
  toolCallId: string;
  tenantId: string;
  userId: string;
  language: Language;
  signal: AbortSignal;
}

/** When a person must agree before the tool runs; a function decides by the validated arguments. */
type ApprovalPolicy<Args> = "never" | "always" | ((args: Args) => boolean);

/** Something the agent can do: one file per tool in this folder. */
export interface AuraTool<Schema extends z.ZodObject = z.ZodObject> {
  name: string;
  /** For the model. */
  description: string;
  schema: Schema;
  /** JSON Schema of the arguments for the model, where it cannot be derived from `schema`. */
  parameters?: Record<string, unknown>;
  approval: ApprovalPolicy<z.output<Schema>>;
  /**
   * Running it twice has the same effect as running it once: it may run again when nobody knows whether it
   * did. Default: false.
   */
  idempotent?: boolean;
  /** Its results hold text from outside: the model gets them marked as data. Default: false. */
  untrusted?: boolean;
  /**
   * The arguments that say what the action is: recipients, amounts, ids. An approver always sees these whole.
   * Of a long text in another argument only a part may be shown, with a notice; lists, and texts of up to
   * 1,024 characters, are shown whole in every argument. Default: all of them.
   */
  identifying?: readonly (keyof z.output<Schema> & string)[];
  /**
   * The question that an approver reads, in the language asked for. Text from outside is put `inQuotes`, and
   * comes last.
   */
  approvalMessage(args: z.output<Schema>, language: Language): string;
  /** Runs the tool. The result must be JSON; a rejection becomes a tool message for the model. */
  execute(args: z.output<Schema>, context: ToolContext): Promise<unknown>;
}

/** A tool failed in a way that the model and the user may read about. */
export class ToolError extends Error {
  /** Whether the tool may have had its effect nevertheless. */
  readonly uncertain: boolean;
  /**
   * What another server said about it (a mail server's refusal): the user reads it as it is, the model marked
   * as data.
   */
  readonly quoted: string | undefined;

  constructor(
    message: string,
    cause?: unknown,
    { uncertain = false, quoted }: { uncertain?: boolean; quoted?: string } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "ToolError";
    this.uncertain = uncertain;
    this.quoted = quoted;
  }
}
