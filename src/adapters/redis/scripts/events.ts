import { z } from "zod";
import { defineScript } from "../script.ts";

/** 0 when stored; -1 when the log is closed; n > 0 when the n-th event is not the next one. */
export const appendEvents = defineScript(
  "append",
  ["log"],
  ["channel", "ttlMs", { events: ["seq", "event"] }],
  z.int(),
);

/** 0 when it was closed before. */
export const closeLog = defineScript("close", ["log"], ["channel", "ttlMs"], z.literal([0, 1]));
