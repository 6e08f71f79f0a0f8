import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf, type SseStream } from "../helpers/sse-client.ts";
import { chat, decide, getJson, headersOf, type Person, type Stack, startStack } from "../helpers/stack.ts";

const mailTo = (subject: string) => `Send an email to kim@example.com with subject ${subject} saying hello`;

describe.each(["embedded", "redis"] as const)("changing what waits for a decision, %s", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend, env: { AURA_RECONCILE_MS: "100" } });
  });
  afterAll(() => stack.close());

  const thread = (subject: string) => `edit-${backend}-${subject}`;
  const waitingRun = async (
    subject: string,
    headers: Record<string, string> = { "accept-language": "en" },
  ) => {
    const body = { prompt: mailTo(subject), threadId: thread(subject) };
    const stream = await chat(stack, body, headers);
    const hitl = await stream.event("hitl");
    return { stream, requestId: hitl.requestId as string, args: hitl.context as Record<string, unknown> };
  };
  const edit = async (requestId: string, args: unknown, person?: Person) => {
    const response = await fetch(`${stack.url}/api/aura/approvals/${requestId}/edit`, {
      method: "POST",
      headers: { ...(await headersOf(person)), "accept-language": "en" },
      body: JSON.stringify({ arguments: args }),
    });
    const body = (await response.json()) as any;
    return { http: response.status, code: body.errorCode, message: body.message, data: body.data };
  };
  const audited = async (subject: string) =>
    (await getJson(stack, `/api/aura/threads/${thread(subject)}/audit`)).data.items;
  const storedRequest = async (requestId: string) =>
    JSON.parse((await stack.get(`hitl:request:${requestId}`)) ?? "null");
  const mailsAbout = (subject: string) => stack.mailbox.mails().filter((mail) => mail.subject === subject);
  const secondHitl = async (stream: SseStream) =>
    JSON.parse((await stream.first(({ data = "" }) => data.includes('"editOf"'))).data ?? "").data;

  test("the edited call is asked about anew, approved as ever, and it alone is sent", async () => {
    const { stream, requestId, args } = await waitingRun("Whole");
    const changed = { ...args, to: ["lee@example.com"], subject: "Whole2", body: "안녕" };
    const edited = await edit(requestId, changed);
    expect(edited).toMatchObject({ http: 200, data: { editOf: requestId, status: "pending" } });
    const { requestId: newId } = edited.data;
    expect(edited.data.context).toMatchObject({ to: ["lee@example.com"], subject: "Whole2", body: "안녕" });
    const hitl = await secondHitl(stream);
    expect(hitl).toMatchObject({ requestId: newId, editOf: requestId, context: edited.data.context });
    expect(hitl.message).toContain("lee@example.com");
    expect((await decide(stack, requestId, "approve")).status).toBe(409);
    expect(await storedRequest(requestId)).toMatchObject({ outcome: "superseded", editedAs: newId });
    expect(
      (await getJson(stack, "/api/aura/approvals")).data.items.map((each: any) => each.requestId),
    ).toEqual([newId]);
    expect((await decide(stack, newId, "approve")).status).toBe(200);
    const events = eventsOf(await stream.ended).filter(({ type }) => type === "tool_execution");
    expect(events.map(({ data }) => [data.status, data.parameters.subject, data.proposed?.subject])).toEqual([
      ["executing", "Whole2", "Whole"],
      ["completed", "Whole2", "Whole"],
    ]);
    expect(mailsAbout("Whole")).toEqual([]);
    expect(mailsAbout("Whole2")).toMatchObject([{ to: ["lee@example.com"] }]);
    const [before, after] = await audited("Whole");
    expect(before).toMatchObject({
      ...{ requestId, status: "superseded", editedAs: newId, effectiveArguments: null },
      outcome: { state: "not_executed" },
    });
    expect(after).toMatchObject({
      ...{
        requestId: newId,
        status: "approved",
        editOf: requestId,
        editedBy: "user123",
        decidedBy: "user123",
      },
      ...{ proposedArguments: args, arguments: edited.data.context },
      ...{ effectiveArguments: edited.data.context, outcome: { state: "completed" } },
    });
  });

  test("the model's history says what was proposed and what was done", async () => {
    const { stream, requestId, args } = await waitingRun("History");
    const { data } = await edit(requestId, { ...args, subject: "History2" });
    await decide(stack, data.requestId, "approve");
    await stream.ended;
    const { messages } = (await getJson(stack, `/api/aura/threads/${thread("History")}`)).data;
    const call = messages.find((each: any) => each.toolCalls?.length > 0);
    expect(call.toolCalls[0].args.subject).toBe("History");
    const answer = messages.find((each: any) => each.role === "tool");
    expect(answer.content).toMatch(/changed the arguments.*History2/s);
    expect(messages.at(-1).content).not.toContain("History saying");
  });

  test("edited twice, then rejected: nothing is sent, and each step stays on record", async () => {
    const { stream, requestId, args } = await waitingRun("Twice");
    const first = await edit(requestId, { ...args, subject: "Twice2" });
    const second = await edit(first.data.requestId, args);
    expect(second).toMatchObject({ http: 200, data: { editOf: first.data.requestId, context: args } });
    expect((await decide(stack, second.data.requestId, "reject", "no")).status).toBe(200);
    const events = eventsOf(await stream.ended);
    expect(events.filter(({ type }) => type === "hitl").map(({ data }) => data.editOf)).toEqual([
      undefined,
      requestId,
      first.data.requestId,
    ]);
    expect(events.filter(({ type }) => type === "tool_execution")).toMatchObject([
      { data: { status: "failed", outcome: "not_executed" } },
    ]);
    expect([...mailsAbout("Twice"), ...mailsAbout("Twice2")]).toEqual([]);
    expect((await audited("Twice")).map((each: any) => each.status)).toEqual([
      "superseded",
      "superseded",
      "rejected",
    ]);
  });

  test("sent twice it is one edit; the same arguments are none; what is over cannot be edited", async () => {
    const { stream, requestId, args } = await waitingRun("Same");
    expect((await edit(requestId, args)).data.requestId).toBe(requestId);
    const changed = { ...args, subject: "Same2" };
    const [once, again] = await Promise.all([edit(requestId, changed), edit(requestId, changed)]);
    expect(once.http).toBe(200);
    expect(again.data.requestId).toBe(once.data.requestId);
    expect(await edit(requestId, { ...args, subject: "Same3" })).toMatchObject({
      ...{ http: 409, code: "E3002" },
      data: { status: "superseded", editedAs: once.data.requestId },
    });
    await decide(stack, once.data.requestId, "approve");
    await stream.ended;
    expect(await edit(once.data.requestId, changed)).toMatchObject({
      ...{ http: 409, code: "E3006" },
      data: { status: "approved", decidedBy: "user123" },
    });
    expect(mailsAbout("Same2")).toHaveLength(1);
  });

  test("arguments that the tool does not take, another's approval, and no arguments at all", async () => {
    const { requestId, args } = await waitingRun("Bad");
    const wrong = await edit(requestId, { ...args, to: "not an address" });
    expect(wrong).toMatchObject({ http: 400, code: "E4000", data: { issues: [{ path: "arguments" }] } });
    for (const body of [{}, { to: args.to }, [], "text", null]) {
      expect(await edit(requestId, body)).toMatchObject({ http: 400, code: "E4000" });
    }
    const stranger = { user: "user456", tenant: "2" };
    expect(await edit(requestId, { ...args, subject: "Mine" }, stranger)).toMatchObject({ http: 404 });
    expect(await edit("req-0", args)).toMatchObject({ http: 404, code: "E1004" });
    const { data } = await getJson(stack, "/api/aura/approvals");
    expect(data.items.find((each: any) => each.requestId === requestId)).toMatchObject({ context: args });
  });

  test("a new message, a cancel and an expiry end the edited one like any other", async () => {
    const superseded = await waitingRun("Superseded");
    const { data } = await edit(superseded.requestId, { ...superseded.args, subject: "Superseded2" });
    await (await chat(stack, { prompt: "hello", threadId: thread("Superseded") })).ended;
    expect(await storedRequest(data.requestId)).toMatchObject({ status: "rejected", outcome: "superseded" });
    const cancelled = await waitingRun("Cancelled");
    const run = cancelled.stream.response.headers.get("x-run-id");
    const edited = await edit(cancelled.requestId, { ...cancelled.args, subject: "Cancelled2" });
    await fetch(`${stack.url}/api/aura/runs/${run}/cancel`, {
      method: "POST",
      headers: await headersOf(),
      body: "{}",
    });
    const events = eventsOf(await cancelled.stream.ended);
    expect(events.filter(({ type }) => type === "tool_execution")).toMatchObject([
      {
        data: {
          ...{ status: "failed", outcome: "not_executed" },
          ...{ parameters: { subject: "Cancelled2" }, proposed: { subject: "Cancelled" } },
        },
      },
    ]);
    expect(await storedRequest(edited.data.requestId)).toMatchObject({ outcome: "cancelled" });
    expect((await edit(edited.data.requestId, cancelled.args)).http).toBe(409);
  });

  test("a restart between the edit and the decision loses neither", async () => {
    if (backend === "embedded") return;
    const { stream, requestId, args } = await waitingRun("Restart");
    const { data } = await edit(requestId, { ...args, subject: "Restart2" });
    stream.close();
    await stack.restartAura();
    await decide(stack, data.requestId, "approve");
    await expect.poll(() => mailsAbout("Restart2").length).toBe(1);
    expect(mailsAbout("Restart")).toEqual([]);
  });
});
