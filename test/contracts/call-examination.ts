import { describe, expect, it } from "vitest";
import { AuraError } from "../../src/errors.ts";
import type { ChangedCall, Examined } from "../../src/ports/call-examination.ts";
import { type Harness, type MakeHarness, range } from "./harness.ts";
import { withHarness } from "./with-harness.ts";

const call = (args: unknown): ChangedCall => ({
  tool: "send_email",
  args,
  toolCallId: "call-1",
  language: "ko",
});
const found = ({ args, tool, language }: ChangedCall): Examined => ({
  ok: true,
  args: args as Record<string, unknown>,
  digest: tool,
  message: language,
});

/** What every CallExamination must do. */
export function callExaminationContract(name: string, makeHarness: MakeHarness): void {
  describe(`${name} examination of edited calls`, () => {
    let harness: Harness;
    withHarness(makeHarness, (made) => {
      harness = made;
    });

    it("is answered by one process that works on runs, whoever asks", async () => {
      const [here, there] = harness.backends.map(({ examination }) => examination);
      let asked = 0;
      const examine = async (given: ChangedCall) => {
        asked += 1;
        return found(given);
      };
      const leave = await Promise.all([here!.listen(examine), there!.listen(examine)]);
      const awkward = { "": [{}, [], null, '\u2028 가 \\ " \ud83d\ude00'], nested: { a: 1.5 } };
      expect(await here!.ask(call(awkward))).toEqual(found(call(awkward)));
      const answers = await Promise.all(range(20).map((n) => (n % 2 ? here! : there!).ask(call({ n }))));
      expect(answers).toEqual(range(20).map((n) => found(call({ n }))));
      expect(asked).toBe(21);
      await Promise.all(leave.map((each) => each()));
    });

    it("tells what is wrong, and that nobody answers", async () => {
      const [here, there] = harness.backends.map(({ examination }) => examination);
      const leave = await there!.listen(async () => ({ ok: false, problem: "안 됩니다" }));
      expect(await here!.ask(call("no object"))).toEqual({ ok: false, problem: "안 됩니다" });
      await leave();
      const fails = await there!.listen(async () => {
        throw new Error("a tool's bug");
      });
      await expect(here!.ask(call({}))).rejects.toThrow();
      await fails();
      const error: unknown = await here!.ask(call({})).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AuraError);
      expect(error).toMatchObject({ code: "E5002" });
    });
  });
}
