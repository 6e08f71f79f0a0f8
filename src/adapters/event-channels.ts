/** DWP's channels of domain events (docs/contract.md, section 6), in Redis and on the embedded bus. */
export const DOMAIN_EVENT_CHANNELS = Object.freeze([
  "dwp:events:all",
  "dwp:events:mail",
  "dwp:events:approval",
]);
