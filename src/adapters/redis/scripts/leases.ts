import { z } from "zod";
import { defineScript } from "../script.ts";

/** 0 when somebody else has it. */
export const acquireLease = defineScript("acquire-lease", ["lease"], ["holder", "ttlMs"], z.literal([0, 1]));

/** Positions, from 1, of the leases that their holder does not have any more. */
export const renewLeases = defineScript(
  "renew-leases",
  ["...leases"],
  ["ttlMs", "...holders"],
  z.array(z.int()),
);

export const releaseLease = defineScript(
  "release-lease",
  ["lease"],
  ["holder", "ttlMs"],
  z.enum(["released", "again", "lost"]),
);
