import { describe, expect, test } from "vitest";
import { parseEvent, parseEventText } from "../../src/knowledge/parse-event.ts";
import { flatEvent } from "../helpers/knowledge.ts";

const FLAT = flatEvent({ eventId: "event-12345" });
const { mailId, recipient, subject, ...ENVELOPE } = FLAT;
const NESTED = {
  ...ENVELOPE,
  source: "mail-service",
  data: { mailId, recipient, subject },
  metadata: { v: 1 },
};

const accepted = (input: unknown) => {
  const parsed = parseEvent(input);
  if ("refused" in parsed) throw new Error(parsed.refused);
  return parsed;
};
const refusal = (input: unknown) => {
  const parsed = parseEvent(input);
  return "refused" in parsed ? parsed.refused : null;
};

describe("[R6.1] an event in either form", () => {
  const expected = {
    eventId: "event-12345",
    eventType: "MailSentEvent",
    tenantId: "tenant1",
    userId: "user123",
    at: new Date(2024, 0, 16, 12).getTime(),
    mailId: "mail-001",
    text: "Mail sent\nmailId: mail-001\nrecipient: user@example.com\nsubject: Hi",
    payload: { mailId: "mail-001", recipient: "user@example.com", subject: "Hi" },
  };

  test("flat: the contract's example", () => {
    expect(accepted(FLAT).event).toEqual(expected);
    expect(parseEventText(JSON.stringify(FLAT))).toEqual(accepted(FLAT));
  });

  test("a Java Long keeps all its digits, as an id and in the payload, to the text that a search finds", () => {
    const long = "2512292042121000001";
    const text = JSON.stringify({ ...FLAT, eventId: 0, orderNo: 0, amounts: [0, 1.5] }).replaceAll(
      /\b0\b(?=[,\]}])/g,
      long,
    );
    const parsed = parseEventText(text);
    expect(parsed).toMatchObject({
      event: { eventId: long, payload: { orderNo: long, amounts: [long, 1.5] } },
    });
    expect(JSON.stringify(parsed)).toContain(`orderNo: ${long}`);
  });

  test("nested: what the Java publisher sends; the same content is the same event", () => {
    expect(accepted(NESTED).event).toEqual({ ...expected, source: "mail-service" });
    expect(accepted(NESTED).digest).toBe(accepted(FLAT).digest);
    // What it is about may stand beside the data, too.
    const outside = { ...NESTED, mailId: "mail-001", data: { subject } };
    expect(accepted(outside).event).toMatchObject({ mailId: "mail-001", payload: { subject } });
  });

  test("numeric ids are text, and null says nothing", () => {
    const event = flatEvent({
      eventId: 7,
      tenantId: 1,
      userId: 42,
      mailId: 9,
      documentId: null,
      source: null,
    });
    expect(accepted(event).event).toMatchObject({ eventId: "7", tenantId: "1", userId: "42", mailId: "9" });
    expect(accepted(event).event).not.toHaveProperty("documentId");
    expect(accepted({ ...NESTED, tenantId: 1, data: { tenantId: 1 } }).event.tenantId).toBe("1");
  });

  test("a digest tells versions apart, and knows no order of fields", () => {
    const { digest } = accepted(FLAT);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(accepted(Object.fromEntries(Object.entries(FLAT).reverse())).digest).toBe(digest);
    const versions = [
      { subject: "Hello" },
      { userId: "user124" },
      { timestamp: "2024-01-16T12:00:01" },
      { extra: [{}] },
    ];
    const digests = versions.map((fields) => accepted({ ...FLAT, ...fields }).digest);
    expect(new Set([digest, ...digests]).size).toBe(5);
  });

  test.each([
    ["2024-01-16T12:00:00", new Date(2024, 0, 16, 12).getTime()],
    ["2024-01-16T12:00", new Date(2024, 0, 16, 12).getTime()],
    ["2024-01-16T12:00:00.123456789", new Date(2024, 0, 16, 12, 0, 0, 123).getTime()],
    ["2024-01-16T12:00:00Z", 1_705_406_400_000],
    ["2024-01-16T21:00:00+09:00", 1_705_406_400_000],
    [1_705_406_400, 1_705_406_400_000],
    [1_705_406_400.5, 1_705_406_400_500],
    ["1705406400", 1_705_406_400_000],
    [1_705_406_400_000, 1_705_406_400_000],
    [[2024, 1, 16, 12, 0, 0, 123_000_000], new Date(2024, 0, 16, 12, 0, 0, 123).getTime()],
    [[2024, 1, 16, 12, 0], new Date(2024, 0, 16, 12).getTime()],
    ["2024-01-16T21:00:00+09:00[Asia/Seoul]", 1_705_406_400_000],
    ["2024-01-16T21:00:00.000+0900", 1_705_406_400_000],
    ["2024-01-16 12:00:00", new Date(2024, 0, 16, 12).getTime()],
    ["1706152860.123000000", 1_706_152_860_123],
  ])("timestamp %s", (timestamp, at) => {
    expect(accepted({ ...FLAT, timestamp }).event.at).toBe(at);
  });
});

describe("[R6.3] what is no event", () => {
  const without = (name: string) => Object.fromEntries(Object.entries(FLAT).filter(([key]) => key !== name));

  test.each(["eventId", "eventType", "tenantId", "userId", "timestamp"])("%s missing or wrong", (name) => {
    const reason = `missing or wrong: ${name}`;
    expect(refusal(without(name))).toBe(reason);
    for (const value of [null, "", "  ", {}, [], true, 1.5e300, "x".repeat(257), "a\nb", "a\0"]) {
      expect(refusal({ ...FLAT, [name]: value }), JSON.stringify(value).slice(0, 20)).toBe(reason);
    }
  });

  test.each([
    0,
    -1,
    Number.NaN,
    1e18,
    "yesterday",
    "2024-13-45T99:99:99",
    "2024",
    "0",
    "12:00",
    [],
    [2024],
    [2024, 13, 1, 0, 0],
    ["2024"],
    {},
  ])("timestamp %s", (timestamp) => {
    expect(refusal({ ...FLAT, timestamp })).toBe("missing or wrong: timestamp");
  });

  test("ids of what it is about are ids", () => {
    for (const value of [{}, [], "", true, "x".repeat(257)]) {
      expect(refusal({ ...FLAT, mailId: value })).toBe("missing or wrong: mailId");
      expect(refusal({ ...NESTED, data: { documentId: value } })).toBe("missing or wrong: documentId");
    }
  });

  test.each([null, 1, "text", true, [], [FLAT], undefined])("%j is no object", (input) => {
    expect(refusal(input)).toBe("not an object");
  });

  test.each(["", "{", "not json", "\0", "[".repeat(100_000)])("text that is not JSON", (text) => {
    expect(parseEventText(text)).toEqual({ refused: "not JSON" });
  });

  test("an event of two tenants", () => {
    expect(refusal({ ...NESTED, data: { tenantId: "tenant2" } })).toBe("names two tenants");
  });

  test("1 MB, in characters of any size, and deep JSON", () => {
    const fits = JSON.stringify({ ...FLAT, pad: "x".repeat(990_000) });
    expect(parseEventText(fits)).toHaveProperty("event");
    for (const pad of ["x".repeat(1_000_000), "한".repeat(334_000)]) {
      expect(parseEventText(JSON.stringify({ ...FLAT, pad }))).toEqual({ refused: "too large" });
      expect(refusal({ ...FLAT, pad })).toBe("too large");
    }
    const depth = 30_000;
    for (const core of [
      `${"[".repeat(depth)}${"]".repeat(depth)}`,
      `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
    ]) {
      expect(parseEventText(`{"data":${core}}`)).toEqual({ refused: "nested too deeply" });
    }
  });

  test("names of JavaScript's own are fields like others", () => {
    const text = JSON.stringify(FLAT).replace("{", '{"__proto__":{"tenantId":"tenant2"},"constructor":"c",');
    expect(parseEventText(text)).toMatchObject({
      event: { tenantId: "tenant1", payload: { constructor: "c" } },
    });
    expect(refusal(JSON.parse('{"__proto__":{"tenantId":"tenant1"}}'))).toContain("tenantId");
  });
});
