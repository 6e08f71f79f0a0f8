import { z } from "zod";
import { hashFields } from "../record-format.ts";
import { defineScript } from "../script.ts";

/** Per approval its name among the pending ones, and the fields that were asked for. */
export const readPending = defineScript(
  "pending",
  ["pending"],
  ["from", "limit", "approvalPrefix", "...fields"],
  z.array(z.tuple([z.string().regex(/^\d{16}:/), hashFields])),
);

/** The approvals' ids. */
export const takeWatched = defineScript("watched", ["settled"], ["limit", "before"], z.array(z.string()));
