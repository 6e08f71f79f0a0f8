import { expect, it } from "vitest";
import { asked } from "./asked.ts";

it("a model counts silence, not the whole answer", async () => {
  const timeoutMs = 3_000;
  const { answer, stub } = await asked([{ text: [..."xxxxxxxx"], pauseMs: timeoutMs / 6 }], { timeoutMs });
  const startedAt = Date.now();
  expect((await answer).text).toBe("xxxxxxxx");
  expect(Date.now() - startedAt).toBeGreaterThan(timeoutMs);
  stub.verify();
});
