import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { verdictOn } from "../../src/runs/ends.ts";
import { createPresence, type Presence } from "../../src/runs/presence.ts";
import { aRun } from "../contracts/harness.ts";

describe("this process, as its runs know it", () => {
  let said: string[];
  let away: boolean;
  let presence: Presence;
  beforeEach(() => {
    vi.useFakeTimers();
    said = [];
    away = false;
    const attend = async (runId: string, _worker: string, what: string) => {
      if (away) throw new Error("away");
      said.push(`${runId} ${what}`);
    };
    presence = createPresence({ threads: { attend }, leaseMs: 3_000, logger: pino({ level: "silent" }) });
  });
  afterEach(() => {
    presence.close();
    vi.useRealTimers();
  });

  it("says that it has left as soon as the backend is back, unless it works on the run again", async () => {
    away = true;
    for (const runId of ["a", "b"]) {
      presence.works(runId);
      presence.stopped(runId);
      await presence.left(runId);
    }
    presence.works("b");
    away = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(said).toEqual(["a left"]);
  });

  it("does not take itself off the run that ends it, until that has made progress", async () => {
    for (const runId of ["a", "b"]) presence.works(runId);
    presence.blame("a");
    for (const runId of ["a", "b"]) await presence.left(runId);
    expect(said).toEqual(["b left"]);
    await presence.progressed("a");
    await presence.left("a");
    expect(said.slice(1)).toEqual(["a progressed", "a left"]);
  });

  it.each([undefined, "of another process"])(
    "blames all that it works on when the culprit is %s",
    async (culprit) => {
      presence.works("a");
      presence.works("b");
      presence.blame(culprit);
      for (const runId of ["a", "b", "c"]) await presence.left(runId);
      expect(said).toEqual(["c left"]);
    },
  );
});

describe("what the ends of processes say about a run", () => {
  it.each([
    ["innocent", {}],
    ["innocent", { workers: ["a"] }],
    ["innocent", { workers: ["a", "me"] }],
    ["suspect", { workers: ["a", "b"] }],
    ["suspect", { workers: ["a", "b", "me"], alone: "me" }],
    ["suspect", { workers: ["a", "b", "c"] }],
    ["suspect", { workers: ["a", "b", "c"], alone: "x" }],
    ["condemned", { workers: ["a", "b", "c"], alone: "c" }],
  ])("%s: %j", (verdict, fields) => {
    expect(verdictOn({ ...aRun(), ...fields }, "me")).toBe(verdict);
  });
});
