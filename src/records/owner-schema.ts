import { z } from "zod";
import type { Owner } from "./run.ts";

/** Whose a record is: what a record of the wire leaves out. */
export const owner = { tenantId: z.string(), userId: z.string() } satisfies Record<keyof Owner, z.ZodType>;
