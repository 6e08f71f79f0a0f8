/** How much of something one user may have at a time, and all users of one tenant together. */
export interface OwnerCaps {
  readonly user: number;
  readonly tenant: number;
}
