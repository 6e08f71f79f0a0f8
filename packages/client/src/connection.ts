import type { Language } from "@aura-platform/contract/languages.ts";

/** Where the service is and who asks. */
export interface Connection {
  /** What /aura/... is appended to, without a slash at its end. */
  url: string;
  token: string;
  /** From the token's claims. */
  tenantId: string;
  userId: string;
  /** What the service's own sentences are asked for in. */
  language: Language;
}
