import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail whose content the server has, and which it has neither taken nor refused. */
export interface HeldMail {
  subject: string;
  take(): void;
  /** As a server that does not want it. */
  refuse(): void;
  /** Drops the connection without a word. */
  cut(): void;
  /** Resolves when the sender's connection is over. */
  over: Promise<void>;
}

export interface HoldingSmtp {
  url: string;
  /** The next mail, once its content is here. */
  next(): Promise<HeldMail>;
  close(): Promise<void>;
}

/** A real SMTP server that holds every mail between its content and its receipt, until it is told. */
export async function startHoldingSmtp(): Promise<HoldingSmtp> {
  const arrived: HeldMail[] = [];
  let wake: (() => void) | undefined;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      simpleParser(stream).then(({ subject = "" }) => {
        const connection = [...server.connections].find((each) => each.session.id === session.id);
        const over = new Promise<void>((resolve) => void connection?._socket.once("close", () => resolve()));
        arrived.push({
          subject,
          over,
          take: () => done(),
          refuse: () => done(Object.assign(new Error("not in this house"), { responseCode: 550 })),
          cut: () => void connection?._socket.destroy(),
        });
        wake?.();
      }, done);
    },
  });
  // Connections that are cut are what this is about.
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    async next() {
      for (;;) {
        const mail = arrived.shift();
        if (mail !== undefined) return mail;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
