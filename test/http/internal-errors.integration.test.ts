import { expect, test } from "vitest";
import { headersOf, startStack } from "../helpers/stack.ts";

test("[R5.1] [R5.8] an unexpected error is E1000 in the envelope; what happened stands in the log only", async () => {
  const stack = await startStack({ backend: "redis" });
  try {
    // A record that is not one of ours: as after a restore of the wrong backup.
    await stack.set("aura:run:run-broken", "secret internals");
    const response = await fetch(`${stack.aura.url}/aura/runs/run-broken`, {
      headers: { ...(await headersOf()), "x-correlation-id": "trace-500" },
    });
    const body: any = await response.json();
    expect(response.status).toBe(500);
    expect(body).toEqual({
      status: "ERROR",
      message: "서버 내부 오류가 발생했습니다.",
      errorCode: "E1000",
      success: false,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      agentMetadata: { traceId: "trace-500", steps: [], additionalData: {} },
    });
    const logged = stack.logs.find(({ msg, traceId }) => msg === "request failed" && traceId === "trace-500");
    expect(JSON.stringify(logged)).toContain("aura:run:run-broken");
  } finally {
    await stack.close();
  }
});
