import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { directly } from "../helpers/direct.ts";
import { type Stack, startStack } from "../helpers/stack.ts";

/** DWP's own tenants are numbers, and its Gateway lets no other through; the service on its port takes any. */
describe.each(["embedded", "redis"] as const)("a tenant of any name, %s backend", (backend) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ backend });
  });
  afterAll(() => stack.close());

  test.each(["tenant1", "acme-eu", "00000000-0000-4000-8000-000000000001", "7"])(
    "[R2.5] %s chats, approves and finds its thread again",
    async (tenant) => {
      const service = directly(stack, { user: "user123", tenant });
      const subject = `Mail of ${tenant}`;
      const prompt = `Send an email to kim@example.com with subject ${subject} saying hello`;
      const threadId = `tenant-${backend}-${tenant}`;
      const stream = await service.chat({ prompt, threadId });
      await service.approve((await stream.event("hitl")).requestId);
      expect((await stream.ended).at(-1)?.data).toBe("[DONE]");
      expect(stack.mailbox.mails()[0]).toMatchObject({ subject, sentBy: { tenantId: tenant } });
      expect((await service.getJson(`/aura/threads/${threadId}`)).data.status).toBe("completed");
      const stranger = directly(stack, { user: "user123", tenant: `${tenant}0` });
      expect(await stranger.getJson(`/aura/threads/${threadId}`)).toMatchObject({ errorCode: "E1004" });
    },
  );
});
