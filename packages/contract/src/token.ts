import { z } from "zod";

/** Blank ids look like nobody on every screen and in every log. */
const notBlank = z.string().refine((text) => text.trim() !== "", { error: "blank" });

/**
 * The claims of DWP's tokens that Aura-Platform reads (docs/contract.md, section 2); times in Unix seconds.
 */
export const tokenClaims = z.object({
  sub: notBlank,
  tenant_id: z.union([notBlank, z.number()]).transform(String),
  exp: z.number(),
  iat: z.number().optional(),
  role: z.string().optional(),
});
