import { z } from "zod";
import { defineScript } from "../script.ts";

const effect = z.string();

/** Null when it begins now; 0 when the lease is lost; else the JSON that stands. */
export const beginEffect = defineScript(
  "begin-effect",
  ["effects", "lease?"],
  ["name", "started", "holder?"],
  z.union([z.null(), z.literal(0), effect]),
);

export const finishEffect = defineScript(
  "finish-effect",
  ["effects"],
  ["name", "done", { concluded: ["prefix", "instead"] }],
  z.literal(0),
);

/** The JSON that stands from now on. */
export const concludeEffect = defineScript(
  "conclude-effect",
  ["effects"],
  ["name", "started", "unknown", "never"],
  effect,
);
