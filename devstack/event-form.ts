import { text } from "node:stream/consumers";
import { DOMAIN_EVENT_CHANNEL, DOMAIN_EVENT_PREFIX } from "@aura-platform/contract/domain-events.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AuraError } from "../src/errors.ts";
import type { Owner } from "../src/records/run.ts";
import { createApprovalDocument } from "./approval-service.ts";
import type { EventPublisher } from "./event-publisher.ts";
import { refuseOtherSites } from "./gateway-guard.ts";
import { publishMailEvent } from "./mail-events.ts";

/** `tenant/user`. */
const person = z
  .string()
  .regex(/^[^/]+\/[^/]+$/)
  .default("1/user123")
  .transform((value): Owner => {
    const [tenantId = "", userId = ""] = value.split("/");
    return { tenantId, userId };
  });
const content = z.string().default("");

/** What happens somewhere in DWP. `raw` publishes anything at all, so that Aura can be shown garbage. */
const happening = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("approval"), person, title: z.string().min(1), content }),
  z.object({
    kind: z.literal("mail"),
    person,
    title: z.string().min(1),
    content,
    sender: z.string().default("kim@example.com"),
  }),
  z.object({
    kind: z.literal("raw"),
    channels: z.array(z.string().startsWith(DOMAIN_EVENT_PREFIX)).min(1).default([DOMAIN_EVENT_CHANNEL.all]),
    /** A string goes out as it is, everything else as JSON. */
    message: z.unknown(),
  }),
]);

/** `POST /dev/events`: makes something happen in DWP, by hand; JSON or a form of the page. */
export function addEventForm(app: FastifyInstance, events: EventPublisher): void {
  app.post("/dev/events", async (request) => {
    refuseOtherSites(request);
    const eventId = publish(events, happening.parse(await readBody(request)));
    return { published: true, ...(eventId === null ? {} : { eventId }) };
  });
}

function publish(events: EventPublisher, what: z.infer<typeof happening>): string | null {
  if (what.kind === "raw") {
    const { channels, message } = what;
    events.publish(channels, typeof message === "string" ? message : (JSON.stringify(message) ?? ""));
    return null;
  }
  const { person: owner, title, content: body } = what;
  if (what.kind === "approval") return createApprovalDocument(events, owner, { title, content: body });
  return publishMailEvent(events, "MailReceivedEvent", owner, {
    sender: what.sender,
    recipient: owner.userId,
    subject: title,
    content: body,
  });
}

/** The gateway hands bodies on as streams. */
async function readBody(request: FastifyRequest): Promise<unknown> {
  const { body } = request;
  if (!isStream(body)) return {};
  const sent = await text(body);
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(sent));
  }
  try {
    return JSON.parse(sent);
  } catch (cause) {
    throw new AuraError("E4000", { cause });
  }
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
