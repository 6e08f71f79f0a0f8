import { z } from "zod";
import { defineScript } from "../script.ts";

/** 0 when the thread waits already. */
export const addReady = defineScript(
  "ready",
  ["tenants", "users", "threads"],
  ["threadId", "tenant", "user", "urgency"],
  z.literal([0, 1]),
);

/** Thread, tenant, user, "1" when others wait. `full`: only such wait as are passed over. Null: nobody. */
export const takeReady = defineScript(
  "take-ready",
  ["tenants"],
  ["tenantPrefix", "userPrefix", "fullTenantCount", "...fullTenants", "...fullUsers"],
  z.union([z.null(), z.literal("full"), z.tuple([z.string(), z.string(), z.string(), z.enum(["", "1"])])]),
);
