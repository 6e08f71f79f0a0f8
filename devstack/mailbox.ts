import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { type AddressObject, type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";

export interface Mail {
  messageId: string;
  from: string;
  to: string[];
  cc: string[];
  subject: string;
  text: string;
  html?: string;
  /** Who the server was told to deliver to: to, cc and bcc together. */
  recipients: string[];
  /** ISO 8601, UTC. */
  receivedAt: string;
  /** Whom the service sent it for, when the mail says so. */
  sentBy?: { tenantId: string; userId: string };
}

export interface MailboxOptions {
  /** 0: a free one. */
  port: number;
  host?: string;
  /** How many mails are kept. */
  capacity?: number;
  /** Largest mail in bytes. */
  maxBytes?: number;
  logger?: FastifyBaseLogger;
  onMail?: (mail: Mail) => void;
}

export interface Mailbox {
  /** smtp://host:port */
  readonly url: string;
  readonly port: number;
  /** Newest first. */
  mails(): readonly Mail[];
  close(): Promise<void>;
}

/**
 * An SMTP server that keeps what it receives in memory and delivers nothing. Any login is accepted and none
 * is needed. Rejects with EADDRINUSE when the port is taken.
 */
export async function createMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { host = "127.0.0.1", capacity = 1000, maxBytes = 10 * 1024 * 1024 } = options;
  const kept: Mail[] = [];
  const keep = (mail: Mail) => {
    kept.unshift(mail);
    kept.length = Math.min(kept.length, capacity);
    options.logger?.info({ messageId: mail.messageId, recipients: mail.recipients.length }, "mail received");
    options.onMail?.(mail);
  };
  const server = new SMTPServer({
    // STARTTLS would come with a self-signed certificate, which nodemailer rightly refuses.
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: maxBytes,
    closeTimeout: 500,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? "anyone" }),
    onData(stream, session, done) {
      receive(stream, session).then(
        (mail) => {
          if (stream.sizeExceeded) return done(tooLarge(maxBytes));
          keep(mail);
          done();
        },
        (error) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  // A client that breaks off must not end the dev stack. (Listen errors come here too, and reject below.)
  server.on("error", (error) => options.logger?.warn({ err: error }, "smtp server"));
  const listener = server.listen(options.port, host);
  await once(listener, "listening");
  const { port } = addressOf(listener.address());
  return {
    url: `smtp://${host}:${port}`,
    port,
    mails: () => [...kept],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Mail> {
  const parsed = await simpleParser(stream, { skipHtmlToText: true, skipImageLinks: true });
  return toMail(
    parsed,
    session.envelope.rcptTo.map((recipient) => recipient.address),
  );
}

function toMail(parsed: ParsedMail, recipients: string[]): Mail {
  return {
    messageId: parsed.messageId ?? "",
    from: addresses(parsed.from).join(", "),
    to: addresses(parsed.to),
    cc: addresses(parsed.cc),
    subject: parsed.subject ?? "",
    // SMTP ends every mail with a line break, whether its author did or not.
    text: (parsed.text ?? "").replace(/\r?\n$/, ""),
    ...(parsed.html === false ? {} : { html: parsed.html }),
    recipients,
    receivedAt: new Date().toISOString(),
    ...sentBy(parsed),
  };
}

function sentBy({ headers }: ParsedMail): Pick<Mail, "sentBy"> {
  const tenantId = headers.get("x-dwp-tenant-id");
  const userId = headers.get("x-dwp-user-id");
  if (typeof tenantId !== "string" || typeof userId !== "string") return {};
  return { sentBy: { tenantId: decodeWords(tenantId), userId: decodeWords(userId) } };
}

/** RFC 2047, which the parser undoes in the headers that it knows. */
function decodeWords(text: string): string {
  return text.replace(/=\?utf-8\?([bq])\?([^?]*)\?=(?:\s+(?==\?))?/gi, (_, kind: string, word: string) => {
    if (kind.toLowerCase() === "b") return Buffer.from(word, "base64").toString("utf8");
    const bytes = word
      .replaceAll("_", " ")
      .replace(/=([0-9a-f]{2})/gi, (_code, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes, "latin1").toString("utf8");
  });
}

function addresses(field: AddressObject | AddressObject[] | undefined): string[] {
  return [field ?? []].flat().flatMap((object) => object.value.flatMap(({ address }) => address || []));
}

function tooLarge(maxBytes: number): Error {
  return Object.assign(new Error(`The mail is larger than ${maxBytes} bytes`), { responseCode: 552 });
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("the SMTP server has no TCP address");
  return address;
}
