import fc from "fast-check";
import { expect, test } from "vitest";
import { createBlame } from "../../src/tasks/blame.ts";

test("a report is to blame when it has failed five times, and others have got through in between", () => {
  const blame = createBlame();
  const failures: boolean[] = [];
  for (let n = 0; n < 5; n += 1) {
    failures.push(blame.failed("bad"));
    blame.through(`good-${n}`);
  }
  expect(failures).toEqual([false, false, false, false, true]);
});

test("no report is to blame while none gets through, however often it fails", () => {
  const blame = createBlame();
  for (let n = 0; n < 1_000; n += 1) expect(blame.failed(`run-${n % 7}`)).toBe(false);
});

test("its own other calls are no evidence, and one that gets through ends the count", () => {
  const blame = createBlame();
  for (let n = 0; n < 20; n += 1) {
    expect(blame.failed("bad")).toBe(false);
    blame.through("bad");
    if (n % 2 === 0) blame.through("good");
  }
});

test("what the last two to get through were is enough to tell", () => {
  const blame = createBlame();
  for (let n = 0; n < 4; n += 1) {
    expect(blame.failed("bad")).toBe(false);
    blame.through("good");
    // Behind the other one's.
    blame.through("third");
  }
  expect(blame.failed("bad")).toBe(true);
  blame.forget("bad");
  expect(blame.failed("bad")).toBe(false);
});

test("it never blames with fewer than four calls of others since the first failure", () => {
  const step = fc.record({ run: fc.constantFrom("a", "b", "c"), ok: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const blame = createBlame();
      const others = new Map<string, number>();
      for (const { run, ok } of steps) {
        if (ok) {
          blame.through(run);
          others.delete(run);
          for (const [failing, count] of others) others.set(failing, count + 1);
        } else {
          const isToBlame = blame.failed(run);
          if (isToBlame) expect(others.get(run)).toBeGreaterThanOrEqual(4);
          if (!others.has(run)) others.set(run, 0);
        }
      }
    }),
  );
});
