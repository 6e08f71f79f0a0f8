import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A real SMTP server that counts deliveries by subject, and can hold a mail between its content and its receipt. */
export interface MailServer {
  url: string;
  /** How often a mail with this subject has been taken. */
  delivered(subject: string): number;
  /** From now on a delivery is acknowledged only after so many ms: a crash then falls inside the send. */
  hold(ms: number): void;
  /** Calls back when a mail's content has arrived and its receipt has not been sent yet. */
  onContent(listener: () => void): () => void;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const counts = new Map<string, number>();
  const listeners = new Set<() => void>();
  let holdMs = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        const subject = mail.subject ?? "";
        // Taken is delivered, whether or not the sender hears of it.
        counts.set(subject, (counts.get(subject) ?? 0) + 1);
        for (const listener of [...listeners]) listener();
        if (holdMs === 0) done();
        else setTimeout(done, holdMs);
      }, done);
    },
  });
  // Senders that are killed in the middle are what this is about.
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    delivered: (subject) => counts.get(subject) ?? 0,
    hold(ms) {
      holdMs = ms;
    },
    onContent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
