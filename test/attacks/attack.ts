import type { Target } from "./target.ts";

export type Area =
  | "deserialisation"
  | "approvals"
  | "injection"
  | "tokens"
  | "ownership"
  | "exhaustion"
  | "parsing";

/** What somebody tries. It has failed when `run` resolves: every attack says itself what must not have happened. */
export interface Attack {
  area: Area;
  /** What is tried, in a few words; docs/security.md names attacks by it. */
  name: string;
  /** Rejects when the attack got through. */
  run(target: Target): Promise<void>;
  /** It would get in the way of others: nothing else is tried at the same time. */
  alone?: boolean;
  /** Only where there is such a thing to attack. */
  backend?: Target["backend"];
}
