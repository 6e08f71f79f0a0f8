import { openStream, type SseStream } from "./sse-client.ts";
import { headersOf, type Person, type Stack } from "./stack.ts";

/** Whoever our recorded Redis stores belong to: they are older than the dev stack's numbered tenants. */
export const RECORDED_USER: Person = { user: "user123", tenant: "tenant1" };

/** The service's own port, for a person of any tenant: the Gateway lets numbered tenants through only. */
export interface Direct {
  chat(body: Record<string, unknown>, headers?: Record<string, string>): Promise<SseStream>;
  /** `path` begins with /aura. */
  getJson(path: string): Promise<any>;
  /** Decides as Main Service does it in Redis: the request first, then the signal. */
  approve(requestId: string): Promise<void>;
}

export function directly(stack: Stack, person: Person): Direct {
  return {
    chat: async (body, headers = {}) =>
      openStream(`${stack.aura.url}/aura/test/stream`, {
        method: "POST",
        headers: { ...(await headersOf(person)), ...headers },
        body: JSON.stringify(body),
      }),
    getJson: async (path) =>
      (await fetch(`${stack.aura.url}${path}`, { headers: await headersOf(person) })).json(),
    async approve(requestId) {
      const key = `hitl:request:${requestId}`;
      const request = JSON.parse((await stack.get(key)) ?? "null");
      const now = Date.now();
      const decision = { status: "approved", approvedBy: person.user, approvedAt: now };
      await stack.set(key, JSON.stringify({ ...request, ...decision }));
      const timestamp = Math.floor(now / 1000);
      const signal = JSON.stringify({ type: "approval", requestId, status: "approved", timestamp });
      await stack.set(`hitl:signal:${request.sessionId}`, signal);
      await stack.publish(`hitl:channel:${request.sessionId}`, signal);
    },
  };
}
