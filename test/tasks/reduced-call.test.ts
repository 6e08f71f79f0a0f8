import { expect, test } from "vitest";
import type { MainServiceCall } from "../../src/tasks/main-service.ts";
import { type FailureKind, failureKindOf, MainServiceError } from "../../src/tasks/main-service-error.ts";
import { type Habits, withReducedCalls } from "../../src/tasks/reduced-call.ts";

const caller = { tenantId: "1", userId: "u", traceId: "trace" };

function call(after: FailureKind[], more: Partial<MainServiceCall> = {}): MainServiceCall {
  const optional = { fields: ["b"], after, habit: "progress" };
  return { method: "PATCH", path: "/p", body: { a: 1, b: 2 }, repeatable: true, optional, ...more };
}

/** A Main Service that answers with these statuses in turn, to what it was sent. */
function scripted(...statuses: number[]) {
  const sent: unknown[] = [];
  const told: string[] = [];
  const habits: Habits = new Map();
  const main = withReducedCalls(
    async (_caller, { body }) => {
      sent.push(body);
      const status = statuses.shift() ?? 200;
      if (status !== 200) throw new MainServiceError(failureKindOf(status), `${status}`, { status });
      return "done";
    },
    habits,
    ({ fields, err }) => told.push(`${fields} ${err.status}`),
  );
  return { main, sent, told };
}

test.each([400, 413, 422, 500])(
  "%i to the whole call: it is made without what it can do without",
  async (status) => {
    const { main, sent, told } = scripted(status);
    expect(await main(caller, call(["refused", "failed"]))).toBe("done");
    expect(sent).toEqual([{ a: 1, b: 2 }, { a: 1 }]);
    expect(told).toEqual([`b ${status}`]);
  },
);

test.each([401, 403, 404, 405, 429, 502, 503, 504])(
  "%i is about something else: it is not",
  async (status) => {
    const { main, sent } = scripted(status);
    await expect(main(caller, call(["refused", "failed"]))).rejects.toMatchObject({ status });
    expect(sent).toHaveLength(1);
  },
);

test("what may be made twice only when it was refused is not made again after a 500", async () => {
  const { main, sent } = scripted(500);
  await expect(main(caller, call(["refused"]))).rejects.toMatchObject({ status: 500 });
  expect(sent).toHaveLength(1);
});

test("when neither form is taken, the first error says why; an outage in between is one", async () => {
  await expect(scripted(400, 500).main(caller, call(["refused"]))).rejects.toMatchObject({ status: 400 });
  await expect(scripted(400, 503).main(caller, call(["refused"]))).rejects.toMatchObject({ status: 503 });
});

test("after three in a row it is made so from the beginning; one that was taken whole begins the count anew", async () => {
  const { main, sent, told } = scripted(500, 200, 500, 200, 200, 500, 200, 500, 200, 500, 200);
  for (let n = 0; n < 8; n += 1) await main(caller, call(["failed"]));
  const [whole, reduced] = [{ a: 1, b: 2 }, { a: 1 }];
  expect(sent).toEqual([
    ...[whole, reduced, whole, reduced, whole],
    ...[whole, reduced, whole, reduced, whole, reduced, reduced, reduced],
  ]);
  expect(told).toHaveLength(5);
  // Another kind of call has no such habit.
  const optional = { fields: ["b"], after: ["failed"] } as const;
  await main(caller, call([], { optional: { ...optional, after: [...optional.after] } }));
  expect(sent.at(-1)).toEqual(whole);
});

test("when all of it can be left out, there is no body", async () => {
  const { main, sent } = scripted(400);
  await main(caller, call([], { optional: { fields: ["a", "b"], after: ["refused"] } }));
  expect(sent).toEqual([{ a: 1, b: 2 }, undefined]);
});
