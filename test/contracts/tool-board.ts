import { describe, expect, it } from "vitest";
import type { ToolBoard } from "../../src/ports/tool-board.ts";
import type { MakeHarness } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

/** What every ToolBoard must do. */
export function toolBoardContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} tool board`, () => {
    let board: ToolBoard;
    let other: ToolBoard;
    withHarness(makeHarness, (harness) => {
      board = harness.backends[0].board;
      other = harness.backends[1].board;
    });

    it("has nothing at first, then what was put up last, as it was", async () => {
      expect(await board.get()).toBeNull();
      await board.put("first", 60_000);
      const list = JSON.stringify({ items: ["도구 🧾", "\u0000\r\n"] });
      await other.put(list, 60_000);
      expect(await board.get()).toBe(list);
      expect(await other.get()).toBe(list);
    });

    it("takes down what has stood for its time", async () => {
      await board.put("short", 1);
      await expect.poll(() => other.get()).toBeNull();
    });
  });
}
