/** A message that arrived on `hitl:channel:{sessionId}`; the payload is untrusted text. */
export interface RawSignal {
  sessionId: string;
  payload: string;
}

export interface SignalListener {
  onSignal(signal: RawSignal): void;
  /** Messages may have been missed (first subscription, or a reconnect): reconcile with the records. */
  onGap(): void;
}

/** Pub/Sub is a wake-up, never the truth: messages can be lost, repeated and reordered. */
export interface SignalBus {
  /** Resolves once subscribed to the channels of all sessions. The returned function unsubscribes. */
  listen(listener: SignalListener): Promise<() => Promise<void>>;
}
