import { z } from "zod";
import { defineScript } from "../script.ts";

/** The kind that was recorded before. */
export const claimCheckpointer = defineScript(
  "claim-checkpointer",
  ["recorded"],
  ["kind", "replace"],
  z.string().nullable(),
);
