/** A person of the dev stack; the password is the same for all of them. */
export interface DevUser {
  user: string;
  tenant: string;
  role: string;
  email: string;
}

/** The dev stack's whole directory: two tenants, three users. */
export const DEV_USERS: readonly DevUser[] = Object.freeze([
  { user: "user123", tenant: "1", role: "user", email: "user123@dwp.com" },
  { user: "admin", tenant: "1", role: "admin", email: "admin@dwp.com" },
  { user: "user456", tenant: "2", role: "user", email: "user456@dwp.com" },
]);

/** For a laptop only: the auth server listens on 127.0.0.1. */
export const DEV_PASSWORD = "password";

export function findDevUser(tenant: string, user: string): DevUser | undefined {
  return DEV_USERS.find((entry) => entry.tenant === tenant && entry.user === user);
}
