import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  /** The envelope, which is who really gets it. */
  recipients: string[];
  mail: ParsedMail;
}

export interface SmtpOptions {
  /** Recipients to refuse. */
  refuse?: readonly string[];
  /** Takes the content and drops the connection instead of acknowledging it. */
  dropAfterData?: boolean;
}

export interface TestSmtp {
  url: string;
  mails: ReceivedMail[];
  /** Connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

/** A real SMTP server on a free port that keeps what it receives. */
export async function startSmtp({ refuse = [], dropAfterData = false }: SmtpOptions = {}): Promise<TestSmtp> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    onRcptTo({ address }, _session, callback) {
      callback(refuse.includes(address) ? new Error(`no mailbox ${address}`) : null);
    },
    onData(stream, session, callback) {
      simpleParser(stream).then((mail) => {
        if (dropAfterData) {
          for (const connection of server.connections) connection._socket.destroy();
          return;
        }
        mails.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), mail });
        callback(null);
      }, callback);
    },
  });
  // A dropped connection is what the test wants.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    mails,
    connections: () => server.connections.size,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
