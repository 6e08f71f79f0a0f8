import { describe, expect, it } from "vitest";
import { currentTime } from "../../tools/current-time.ts";
import { createToolRegistry, defaultTools } from "../../tools/registry.ts";
import { ToolError } from "../../tools/tool.ts";

describe("the tool registry", () => {
  it("finds tools by name", () => {
    const registry = createToolRegistry(
      defaultTools({ mail: { smtpUrl: undefined, from: "aura@dwp.local" } }),
    );
    expect(registry.tools.map(({ name }) => name)).toEqual(["send_email", "current_time"]);
    expect(registry.get("current_time")?.name).toBe("current_time");
    expect(registry.get("constructor")).toBeUndefined();
  });

  it("refuses two tools of one name, and names that models refuse", () => {
    expect(() => createToolRegistry([currentTime(), currentTime()])).toThrow(
      'two tools are named "current_time"',
    );
    expect(() => createToolRegistry([{ ...currentTime(), name: "현재 시각" }])).toThrow(
      "not a usable tool name",
    );
  });

  it("describes tools to the model as JSON Schema", () => {
    const [mail, time] = createToolRegistry(
      defaultTools({ mail: { smtpUrl: undefined, from: "a@b.c" } }),
    ).definitions;
    expect(mail?.function.parameters).toMatchObject({
      type: "object",
      required: ["to", "subject", "body"],
      additionalProperties: false,
    });
    expect(time?.function.parameters).not.toHaveProperty("$schema");
    expect(time?.function.parameters).not.toHaveProperty("required");
  });
});

describe("current_time", () => {
  const context = {
    threadId: "t",
    taskId: "t",
    toolCallId: "c",
    tenantId: "t",
    userId: "u",
    language: "en" as const,
    signal: new AbortController().signal,
  };
  const { execute, approval } = currentTime();

  it.each([
    ["Asia/Seoul", "+09:00"],
    ["America/St_Johns", /^-0[23]:30$/],
    ["UTC", "+00:00"],
  ])("tells the time in %s with its offset", async (timeZone, offset) => {
    const before = Math.floor(Date.now() / 1000);
    const result = (await execute({ timeZone }, context)) as { time: string; unix: number; timeZone: string };
    expect(result.timeZone).toBe(timeZone);
    expect(result.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    expect(result.time.slice(19)).toMatch(offset);
    expect(Date.parse(result.time) / 1000).toBe(result.unix);
    expect(result.unix).toBeGreaterThanOrEqual(before);
    expect(result.unix).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it("takes Seoul when no zone is given, and needs no approval", async () => {
    expect(await execute({}, context)).toMatchObject({ timeZone: "Asia/Seoul" });
    expect(approval).toBe("never");
  });

  it("refuses a zone that does not exist", async () => {
    await expect(execute({ timeZone: "Mars/Olympus" }, context)).rejects.toThrow(ToolError);
    await expect(execute({ timeZone: "Mars/Olympus" }, context)).rejects.toThrow("not a known time zone");
  });
});
