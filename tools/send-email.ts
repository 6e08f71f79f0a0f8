import { createTransport } from "nodemailer";
import { z } from "zod";
import { cut } from "./cut.ts";
import { readRecipients, withoutRepeats } from "./mail-address.ts";
import { listOf, mailQuestion } from "./mail-question.ts";
import { deriveMessageId } from "./message-id.ts";
import { type AuraTool, type ToolContext, ToolError } from "./tool.ts";

export interface MailSettings {
  /** An smtp:// or smtps:// URL. Without one the tool fails and says so. */
  smtpUrl: string | undefined;
  /** The sender: an address, or `Name <address>`. */
  from: string;
}

/** What the model and the client are told after sending. */
interface MailResult {
  messageId: string;
  accepted: string[];
  /** Recipients that the mail server refused while it took the others. */
  rejected: string[];
}

const MAX_RECIPIENTS = 50;

/** Limit of one text that names recipients, in characters. */
const MAX_TEXT = 20_000;

const TOO_LONG = `must not be longer than ${MAX_TEXT} characters`;
const tooMany = (count: number) =>
  `must be at most ${MAX_RECIPIENTS} recipients, to and cc together; these are ${count}`;

/**
 * Recipients as they are written. The readers below check the limits: for a union zod only says that it does
 * not fit.
 */
const written = z.union([z.string(), z.array(z.string()).meta({ minItems: 1, maxItems: MAX_RECIPIENTS })]);

/**
 * What is approved, and sent to, are the addresses that were read. One recipient stays a text, several are a
 * list.
 */
const addresses = written.transform(readAll);
const copies = written
  .transform((value, context) =>
    listOf(value).every((each) => each.trim() === "") ? undefined : readAll(value, context),
  )
  .optional();

function readAll(value: string | string[], context: z.RefinementCtx): string | string[] {
  const texts = listOf(value);
  if (texts.length > MAX_RECIPIENTS) context.addIssue(tooMany(texts.length));
  if (texts.length === 0) context.addIssue("needs at least one recipient");
  const found = texts.slice(0, MAX_RECIPIENTS).map((text, at) => {
    const { addresses, problem } =
      text.length > MAX_TEXT ? { addresses: [], problem: TOO_LONG } : readRecipients(text);
    const path = typeof value === "string" ? [] : [at];
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, path });
    return addresses;
  });
  const all = withoutRepeats(found.flat());
  const [first = ""] = all;
  return typeof value === "string" && all.length < 2 ? first : all;
}

/** Line breaks and other control characters in a subject could smuggle in mail headers. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Characters that change the direction of writing can make a subject read as another one. */
const BIDI = /\p{Bidi_Control}/u;

/**
 * Strict: a model that invents `bcc` or `attachments` must learn that they do not exist. If they were dropped
 * silently, another mail would be sent than the one it announced.
 */
const schema = z
  .strictObject({
    to: addresses.describe("Recipient, or a list of recipients of the same mail"),
    cc: copies.describe("Recipients of a copy"),
    subject: z
      .string()
      .min(1)
      .max(255)
      .refine((text) => !CONTROL.test(text), { error: "must be one line without control characters" })
      .refine((text) => !BIDI.test(text), { error: "must not change the direction of writing" }),
    body: z.string().min(1).max(100_000),
    format: z.enum(["text", "html"]).optional().describe("How the body is written. Default: text"),
  })
  .superRefine(({ to, cc }, context) => {
    const count = listOf(to).length + listOf(cc).length;
    if (count <= MAX_RECIPIENTS) return;
    context.addIssue({ code: "custom", message: tooMany(count), path: ["to"] });
  });

type MailArgs = z.output<typeof schema>;

/** Sends a mail through SMTP; a person always agrees first. */
export function sendEmail(settings: MailSettings): AuraTool<typeof schema> {
  return {
    name: "send_email",
    description:
      "Sends an e-mail. The user is asked for approval automatically before it is sent. Call it once per distinct mail.",
    schema,
    approval: "always",
    // The body does not say who gets the mail: of a long one only a part may be shown.
    identifying: ["to", "cc", "subject", "format"],
    approvalMessage: (args, language) => mailQuestion(args, language, settings.from),
    execute: (args, context) => deliver(settings, args, context),
  };
}

async function deliver(
  { smtpUrl, from }: MailSettings,
  args: MailArgs,
  context: ToolContext,
): Promise<MailResult> {
  const say = TEXTS[context.language];
  if (smtpUrl === undefined) throw new ToolError(say.notConfigured);
  context.signal.throwIfAborted();
  const messageId = deriveMessageId(context, from);
  // Short timeouts: nodemailer's defaults are minutes, and somebody is watching the stream.
  const transport = createTransport({
    url: smtpUrl,
    dnsTimeout: 5_000,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 20_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let contentSent = false;
  transport.use("stream", (mail, done) => {
    mail.message.processFunc((content) => content.once("end", () => (contentSent = true)));
    done();
  });
  try {
    const sent = await transport.sendMail({
      from,
      to: listOf(args.to),
      cc: listOf(args.cc),
      subject: args.subject,
      messageId,
      // Who sends through the service's mailbox: DWP's mail service passes it on in its events.
      headers: { "X-DWP-Tenant-ID": context.tenantId, "X-DWP-User-ID": context.userId },
      ...(args.format === "html" ? { html: args.body } : { text: args.body }),
    });
    return { messageId, accepted: sent.accepted.map(addressOf), rejected: sent.rejected.map(addressOf) };
  } catch (error) {
    throw failure(error, contentSent, messageId, say);
  } finally {
    transport.close();
  }
}

function addressOf(recipient: string | { address: string }): string {
  return typeof recipient === "string" ? recipient : recipient.address;
}

/** How much of the mail server's words is passed on, in characters. */
const MAX_QUOTED = 1_000;

function shorten(text: string): string {
  return text.length > MAX_QUOTED ? `${cut(text, MAX_QUOTED)}…` : text;
}

const smtpError = z.object({ message: z.string(), responseCode: z.number().optional() });

/**
 * Once the server had all of the content, and neither accepted nor refused it, nobody can say whether the
 * mail was sent.
 */
function failure(
  error: unknown,
  contentSent: boolean,
  messageId: string,
  say: (typeof TEXTS)["ko"],
): ToolError {
  const parsed = smtpError.safeParse(error);
  if (!parsed.success) return new ToolError(say.failed, error);
  const { message, responseCode } = parsed.data;
  const uncertain = contentSent && responseCode === undefined;
  const text = uncertain ? say.uncertain(messageId) : say.failed;
  return new ToolError(text, error, { uncertain, quoted: shorten(message) });
}

const TEXTS = Object.freeze({
  ko: {
    notConfigured: "메일 서버가 설정되어 있지 않아 메일을 보내지 못했습니다 (SMTP_URL).",
    failed: "메일을 보내지 못했습니다.",
    uncertain: (id: string) =>
      `메일이 발송되었는지 알 수 없습니다 (outcome unknown). Message-ID ${id}. 확인하기 전에는 다시 보내지 마세요.`,
  },
  en: {
    notConfigured: "No mail server is configured (SMTP_URL), so the mail was not sent.",
    failed: "The mail was not sent.",
    uncertain: (id: string) =>
      `It is not known whether the mail was sent (outcome unknown). Message-ID ${id}. Do not send it again before checking.`,
  },
});
