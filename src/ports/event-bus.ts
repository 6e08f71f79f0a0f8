/** A message on one of DWP's event channels; the payload is untrusted text. */
export interface RawEvent {
  channel: string;
  payload: string;
}

export interface EventListener {
  onEvent(event: RawEvent): void;
  /** The subscription was lost and is back: what was published meanwhile is missing. */
  onGap(): void;
}

/** DWP's domain events (docs/contract.md, section 6): a message can be lost, or come on two channels. */
export interface EventBus {
  /** Resolves once subscribed to all channels. The returned function unsubscribes. */
  listen(listener: EventListener): Promise<() => Promise<void>>;
}
