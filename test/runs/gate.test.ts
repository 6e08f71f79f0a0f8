import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createGate, type Place } from "../../src/runs/gate.ts";

const never = new AbortController().signal;
const settled = async (promise: Promise<unknown>) => {
  let is = false;
  void promise.then(() => {
    is = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  return is;
};
const inside = (place: Place | null): Place => {
  if (place === null) throw new Error("was not let in");
  return place;
};

describe("the gate to the work of one process", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("lets any number in beside each other", async () => {
    const gate = createGate();
    for (let n = 0; n < 100; n += 1) expect(inside(await gate.enter(never)).alone).toBe(false);
  });

  it("lets one in alone when the others have left, and the others in when it has left", async () => {
    const gate = createGate();
    const [first, second] = [inside(await gate.enter(never)), inside(await gate.enter(never))];
    const alone = gate.enterAlone(60_000, never);
    const late = gate.enter(never);
    first.leave();
    first.leave();
    expect(await settled(alone)).toBe(false);
    second.leave();
    expect(inside(await alone).alone).toBe(true);
    expect(await settled(late)).toBe(false);
    inside(await alone).leave();
    expect(inside(await late).alone).toBe(false);
  });

  it("lets the others in as soon as the one that is alone shares it, once", async () => {
    const gate = createGate();
    const alone = inside(await gate.enterAlone(1, never));
    const late = gate.enter(never);
    alone.share();
    expect(alone.alone).toBe(false);
    const next = gate.enterAlone(60_000, never);
    inside(await late).leave();
    expect(await settled(next)).toBe(false);
    alone.share();
    expect(await settled(gate.enter(never))).toBe(false);
    alone.leave();
    expect(inside(await next).alone).toBe(true);
  });

  it("has one alone at a time: a second is turned away at once", async () => {
    const gate = createGate();
    const other = inside(await gate.enter(never));
    const waiting = gate.enterAlone(60_000, never);
    expect(await gate.enterAlone(60_000, never)).toBeNull();
    other.leave();
    const alone = inside(await waiting);
    expect(await gate.enterAlone(60_000, never)).toBeNull();
    alone.leave();
    inside(await gate.enterAlone(60_000, never)).leave();
  });

  it("waits no longer than its patience, and the others no longer than that", async () => {
    const gate = createGate();
    inside(await gate.enter(never));
    const alone = gate.enterAlone(60_000, never);
    const late = gate.enter(never);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await settled(late)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await alone).toBeNull();
    inside(await late);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up when it is told to, whoever waits", async () => {
    const gate = createGate();
    const stop = new AbortController();
    const first = inside(await gate.enter(never));
    const alone = gate.enterAlone(60_000, stop.signal);
    const late = gate.enter(stop.signal);
    const patient = gate.enter(never);
    stop.abort();
    expect([await alone, await late]).toEqual([null, null]);
    inside(await patient).leave();
    first.leave();
    expect([await gate.enter(stop.signal), await gate.enterAlone(1, stop.signal)]).toEqual([null, null]);
    inside(await gate.enterAlone(1, never));
    expect(vi.getTimerCount()).toBe(0);
  });
});
