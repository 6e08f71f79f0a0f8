import { randomUUID } from "node:crypto";
import type { RunStatus } from "@aura-platform/contract/run-status.ts";
import { describe, expect, it } from "vitest";
import type { Attendance, ThreadRegistry } from "../../src/ports/thread-registry.ts";
import { aRun, type Harness, type MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

type Step = [worker: string, what: Attendance | "runs" | "runs alone"];

/** How a ThreadRegistry keeps who has begun to work on a run and has not said that it has stopped. */
export function runWorkersContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} workers of a run`, () => {
    let harness: Harness;
    let threads: ThreadRegistry;
    withHarness(makeHarness, (made) => {
      harness = made;
      threads = harness.backends[0].threads;
    });

    const begin = async () => {
      const run = aRun();
      await threads.begin(run);
      return run.runId;
    };
    const play = async (runId: string, steps: readonly Step[]) => {
      for (const [id, what] of steps) {
        if (what === "runs" || what === "runs alone") {
          const worker = { id, alone: what === "runs alone" };
          await threads.transition(runId, ["queued", "running", "waiting"], "running", 2, { worker });
        } else await threads.attend(runId, id, what);
      }
      const { workers, alone } = (await harness.backends[1].threads.run(runId)) ?? {};
      return { workers, alone };
    };

    it.each<[string, Step[], string[] | undefined, string?]>([
      ["nobody", [], undefined],
      ["who has begun", [["a", "runs"]], ["a"]],
      [
        "all who have begun, the last one last",
        [
          ["a", "runs"],
          ["b", "runs"],
          ["c", "begins"],
        ],
        ["a", "b", "c"],
      ],
      [
        "each once",
        [
          ["a", "runs"],
          ["b", "runs"],
          ["a", "runs"],
        ],
        ["b", "a"],
      ],
      [
        "who works alone",
        [
          ["a", "runs"],
          ["b", "runs alone"],
        ],
        ["a", "b"],
        "b",
      ],
      [
        "that it is not alone any more",
        [
          ["a", "runs alone"],
          ["a", "joined"],
        ],
        ["a"],
      ],
      [
        "that its successor is not alone",
        [
          ["a", "runs alone"],
          ["b", "runs"],
        ],
        ["a", "b"],
      ],
      [
        "nobody once the last one has progressed",
        [
          ["a", "runs"],
          ["b", "runs alone"],
          ["b", "progressed"],
        ],
        undefined,
      ],
      [
        "all when one that is not the last has progressed",
        [
          ["a", "runs"],
          ["b", "runs"],
          ["a", "progressed"],
        ],
        ["a", "b"],
      ],
      [
        "the others of one that has left",
        [
          ["a", "runs"],
          ["b", "runs"],
          ["c", "runs"],
          ["b", "left"],
        ],
        ["a", "c"],
      ],
      [
        "nobody when the only one has left",
        [
          ["a", "runs alone"],
          ["a", "left"],
        ],
        undefined,
      ],
      [
        "who is alone when another one has left or joined",
        [
          ["a", "runs"],
          ["b", "runs alone"],
          ["a", "joined"],
          ["a", "left"],
        ],
        ["b"],
        "b",
      ],
      [
        "all when somebody unknown says something",
        [
          ["a", "runs alone"],
          ["x", "left"],
          ["x", "progressed"],
          ["x", "joined"],
        ],
        ["a"],
        "a",
      ],
    ])("are %s", async (_, steps, workers, alone) => {
      expect(await play(await begin(), steps)).toEqual({ workers, alone });
    });

    it.each<RunStatus>(["waiting", "completed", "failed", "cancelled"])(
      "are nobody once the run is %s",
      async (status) => {
        const runId = await begin();
        await play(runId, [
          ["a", "runs"],
          ["b", "runs alone"],
        ]);
        const stopped = await threads.transition(runId, ["running"], status, 3);
        expect(stopped).not.toHaveProperty("workers");
        expect(stopped).not.toHaveProperty("alone");
        // Bringing it to its end may end processes as well.
        expect(await play(runId, [["a", "begins"]])).toEqual({ workers: ["a"], alone: undefined });
      },
    );

    it("are told by the transition that adds one, and not changed by one that is refused", async () => {
      const runId = await begin();
      const worker = { id: "a", alone: true };
      const begun = await threads.transition(runId, ["queued"], "running", 2, { worker });
      expect(begun).toMatchObject({ workers: ["a"], alone: "a" });
      const other = { worker: { id: "b", alone: false } };
      expect(await threads.transition(runId, ["running"], "running", 2, other, 7)).toBeNull();
      expect(await threads.transition(runId, ["waiting"], "running", 2, other)).toBeNull();
      expect(await play(runId, [])).toEqual({ workers: ["a"], alone: "a" });
    });

    it("are kept by no record that does not exist", async () => {
      const runId = randomUUID();
      for (const what of ["begins", "progressed", "joined", "left"] as const) {
        await threads.attend(runId, "a", what);
      }
      expect(await threads.run(runId)).toBeNull();
    });
  });
}
