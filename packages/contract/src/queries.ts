import { z } from "zod";

/** `?limit=` of a list. */
export const limitQuery = (most: number, usual: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/)
    .transform(Number)
    .refine((value) => value <= most, { error: `1..${most}` })
    .default(usual);

/** A switch in a query; off where it is not said. */
export const switchQuery = z
  .enum(["true", "false"])
  .default("false")
  .transform((value) => value === "true");
