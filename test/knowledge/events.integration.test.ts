import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../devstack/jwt.ts";
import { BackendUnavailableError } from "../../src/errors.ts";
import { callCounter } from "../contracts/harness.ts";
import { devEvent, type MemoryIndex, memoryIndex } from "../helpers/knowledge.ts";
import { chat, decide, headersOf, JWT_SECRET, type Stack, startStack, USER } from "../helpers/stack.ts";

const CHANNELS = ["dwp:events:all", "dwp:events:mail", "dwp:events:approval"] as const;

/** What the index holds of an event that a test knows by its fields. */
const rowsWith = (index: MemoryIndex, fields: Record<string, unknown>) =>
  index
    .rows()
    .filter(({ payload }) => Object.entries(fields).every(([name, value]) => payload[name] === value));

describe.each(["embedded", "redis"] as const)("domain events, %s backend", (backend) => {
  let stack: Stack;
  let second: Stack | null = null;
  const index = memoryIndex();
  const openIndex = async () => index;

  beforeAll(async () => {
    stack = await startStack({ backend, aura: { openIndex } });
    // In redis mode another instance hears everything as well.
    if (stack.redis !== null) {
      second = await startStack({
        backend,
        redis: { ...stack.redis, stop: async () => {} },
        // Either may work on the run.
        env: { SMTP_URL: stack.mailbox.url },
        aura: { openIndex },
      });
    }
  });
  afterAll(async () => {
    await second?.close();
    await stack.close();
  });

  const indexed = (eventId: string) =>
    expect.poll(() => index.rows().some((row) => row.eventId === eventId)).toBe(true);
  const publish = (channel: string, event: unknown) =>
    stack.publish(channel, typeof event === "string" ? event : JSON.stringify(event));
  const refusals = () => stack.logs.filter(({ msg }) => msg === "event refused");

  /** Every event that was published before is through, on every channel. */
  const allHeard = async () => {
    for (const channel of CHANNELS) {
      const event = devEvent();
      await publish(channel, event);
      await indexed(String(event.eventId));
    }
  };

  test("[R6.2] a mail that was approved is indexed once as sent, for its sender, though it came on two channels", async () => {
    const subject = `Indexed ${backend}`;
    const prompt = `Send an email to user456@dwp.com with subject ${subject} saying hello`;
    const stream = await chat(stack, { prompt, threadId: `events-${backend}` });
    expect((await decide(stack, (await stream.event("hitl")).requestId, "approve")).status).toBe(200);
    await stream.ended;
    expect(stack.mailbox.mails()).toMatchObject([
      { subject, sentBy: { tenantId: USER.tenant, userId: USER.user } },
    ]);
    await expect.poll(() => rowsWith(index, { subject }).length).toBe(2);
    await allHeard();
    const written = index.written.filter(({ payload }) => payload.subject === subject);
    const about = { text: expect.stringContaining(`subject: ${subject}`), mailId: expect.any(String) };
    expect(written.toSorted((a, b) => (a.eventType < b.eventType ? 1 : -1))).toEqual([
      expect.objectContaining({
        eventType: "MailSentEvent",
        tenantId: "1",
        userId: "user123",
        ...about,
      }),
      expect.objectContaining({
        eventType: "MailReceivedEvent",
        tenantId: "2",
        userId: "user456",
        ...about,
      }),
    ]);
  });

  test("[R6.1] a document's nested event, made by hand, is indexed; a deletion takes it away", async () => {
    const body = JSON.stringify({ kind: "approval", person: "1/admin", title: `휴가 ${backend}` });
    const post = (init: RequestInit) => fetch(`${stack.url}/dev/events`, { method: "POST", ...init });
    const response = await post({ headers: { "content-type": "application/json" }, body });
    const { eventId } = (await response.json()) as { eventId: string };
    await indexed(eventId);
    const [row] = rowsWith(index, { title: `휴가 ${backend}` });
    expect(row).toMatchObject({
      eventId,
      eventType: "ApprovalCreatedEvent",
      source: "approval-service",
      tenantId: "1",
      userId: "admin",
      documentId: row?.payload.documentId,
    });
    const { documentId } = row ?? {};
    const message = devEvent({ eventType: "ApprovalDeletedEvent", mailId: undefined, documentId });
    const raw = JSON.stringify({ kind: "raw", channels: ["dwp:events:approval"], message });
    expect((await post({ headers: { "content-type": "application/json" }, body: raw })).status).toBe(200);
    await expect.poll(() => rowsWith(index, { title: `휴가 ${backend}` })).toEqual([]);

    const form = new URLSearchParams({ kind: "mail", person: "2/user456", title: "By form" });
    expect((await post({ body: form, headers: { origin: "http://evil.example" } })).status).toBe(403);
    const sent = (await (await post({ body: form, headers: { origin: stack.url } })).json()) as any;
    await indexed(sent.eventId);
    for (const bad of ["{", "{}", '{"kind":"raw","channels":["aura:control"],"message":""}']) {
      expect((await post({ headers: { "content-type": "application/json" }, body: bad })).status).toBe(400);
    }
  });

  test("[R6.3] garbage on every channel is refused and logged once, without its content; good events get through", async () => {
    const before = refusals().length;
    const written = index.written.length;
    const garbage = [
      "SECRET",
      "",
      '{"eventId":"SECRET"}',
      "[]",
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      JSON.stringify(devEvent({ userId: { SECRET: 1 } })),
      JSON.stringify(devEvent({ subject: "SECRET".repeat(170_000) })),
    ];
    for (const channel of CHANNELS) for (const text of garbage) await publish(channel, text);
    await publish("dwp:events:other", devEvent());
    await publish("dwp:events:all:x", devEvent());
    await allHeard();
    expect(refusals().length - before).toBe(CHANNELS.length * garbage.length);
    expect(index.written.length - written).toBe(3);
    expect(JSON.stringify(stack.logs)).not.toContain("SECRET");
    const reasons = new Set(refusals().map(({ reason }) => reason));
    expect(reasons).toContain("too large");
    expect(stack.logs.filter(({ level }) => level >= 50)).toEqual([]);
  });

  describe("POST /aura/events", () => {
    const service = async (over: { role?: string; source?: string } = {}) => {
      const { role = "service", source = "INTERNAL" } = over;
      const token = await signToken(JWT_SECRET, { ...USER, email: "", role }, 60);
      return { ...(await headersOf()), authorization: `Bearer ${token}`, "x-dwp-source": source };
    };
    const post = async (body: unknown, over = {}) => {
      const response = await fetch(`${stack.url}/api/aura/events`, {
        method: "POST",
        headers: await service(over),
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      return { status: response.status, ...((await response.json()) as any) };
    };

    test("[R6.4] takes one event or many, and each once, wherever it came from", async () => {
      const [one, two, three] = [devEvent(), devEvent(), devEvent()];
      expect(await post(one)).toMatchObject({
        status: "SUCCESS",
        data: { accepted: 1, duplicates: 0, refused: [] },
      });
      await publish("dwp:events:mail", one);
      await publish("dwp:events:mail", two);
      await indexed(String(two.eventId));
      const { data } = await post([one, two, three, three], { source: "BATCH" });
      expect(data).toEqual({ accepted: 1, duplicates: 3, refused: [] });
      await indexed(String(three.eventId));
      await allHeard();
      const times = (event: Record<string, unknown>) =>
        index.written.filter(({ eventId }) => eventId === event.eventId).length;
      expect([one, two, three].map(times)).toEqual([1, 1, 1]);
      // A corrected one replaces it.
      const corrected = { ...one, subject: "corrected", timestamp: "2024-01-16T12:00:01" };
      expect((await post(corrected)).data).toMatchObject({ accepted: 1 });
      await expect
        .poll(() => rowsWith(index, { subject: "corrected" }).map(({ eventId }) => eventId))
        .toEqual([one.eventId]);
    });

    test("refuses, by index, what is no event and what is another tenant's", async () => {
      const good = devEvent();
      const bad = [null, [], {}, devEvent({ tenantId: "2" }), { ...devEvent(), timestamp: "x" }];
      const { data } = await post([good, ...bad]);
      expect(data).toEqual({
        accepted: 1,
        duplicates: 0,
        refused: [
          { index: 1, reason: "not an object" },
          { index: 2, reason: "not an object" },
          { index: 3, reason: expect.stringMatching(/^missing or wrong: eventId/) },
          { index: 4, reason: "another tenant's" },
          { index: 5, reason: "missing or wrong: timestamp" },
        ],
      });
    });

    test.each([
      ["a user", { role: "user" }],
      ["an admin", { role: "admin" }],
      ["a browser", { source: "FRONTEND" }],
      ["the gateway's default", { source: "" }],
      ["the agent", { source: "AURA" }],
    ])("is not for %s", async (_, over) => {
      expect(await post(devEvent(), over)).toMatchObject({ status: "ERROR", errorCode: "E2001" });
    });

    test.each(["{", "null", '"x"', "[]", "1", JSON.stringify(Array(501).fill({}))])(
      "[R5.2] body %#",
      async (body) => {
        expect(await post(body)).toMatchObject({ status: "ERROR", errorCode: "E4000" });
      },
    );
  });
});

test("without an index nothing is heard, and there is no route", async () => {
  const stack = await startStack({ backend: "redis" });
  try {
    expect(await stack.redis!.client().publish("dwp:events:all", JSON.stringify(devEvent()))).toBe(0);
    const headers = await headersOf();
    const response = await fetch(`${stack.url}/api/aura/events`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(404);
  } finally {
    await stack.close();
  }
});

test("an index that cannot be opened, then fails, then works: the service runs, and nothing is lost", async () => {
  const index = memoryIndex();
  let isOpenable = false;
  let isDown = true;
  const attempts = callCounter();
  const openIndex = async () => {
    if (!isOpenable) throw new Error("no such index");
    return {
      ...index,
      async upsert(events: Parameters<MemoryIndex["upsert"]>[0]) {
        attempts.call();
        if (isDown) throw new BackendUnavailableError(new Error("embedder"));
        await index.upsert(events);
      },
    };
  };
  const stack = await startStack({ backend: "redis", aura: { openIndex } });
  try {
    const events = Array.from({ length: 5 }, () => devEvent());
    for (const event of events) await stack.publish("dwp:events:all", JSON.stringify(event));
    expect((await fetch(`${stack.aura.url}/ready`)).status).toBe(200);
    await expect.poll(() => stack.redis!.client().xlen("aura:knowledge:events")).toBe(5);
    isOpenable = true;
    await attempts.reached(1);
    expect(index.written).toEqual([]);
    // The next process has them at once.
    await stack.restartAura();
    isDown = false;
    await expect.poll(() => index.rows().length).toBe(5);
    expect(
      stack.logs.filter(({ msg }) => msg === "the knowledge index cannot be opened; trying again").length,
    ).toBeGreaterThan(0);
    await expect.poll(() => stack.redis!.client().xlen("aura:knowledge:events")).toBe(0);
  } finally {
    await stack.close();
  }
});
