/**
 * What a call to the service rejects with. `message` is a sentence, and may quote what strangers have said:
 * whoever shows it makes it harmless.
 */
export class ClientFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = new.target.name;
  }
}

/**
 * `unreachable`: nothing was sent. `unanswered`: nothing has come back; what was sent may have arrived.
 * `broken`: the connection has ended in the middle of an answer. `lost`: that of a stream did not come back;
 * what runs goes on.
 */
export type ConnectionFault = "unreachable" | "unanswered" | "broken" | "lost";

/** Nobody answers at the address, or the connection broke. */
export class ConnectionFailure extends ClientFailure {
  readonly code: ConnectionFault;

  constructor(code: ConnectionFault, message: string, cause?: unknown) {
    super(message, cause);
    this.code = code;
  }
}

/** The service has answered with an error. */
export class ServiceFailure extends ClientFailure {
  /** The HTTP status. */
  readonly status: number;
  /** Of the contract, or of a newer service; undefined: none was said. */
  readonly errorCode: string | undefined;

  constructor(message: string, status: number, errorCode: string | undefined) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** Somebody answers, but not with the envelope of DWP's services. */
export class ForeignAnswer extends ClientFailure {
  /** The HTTP status. */
  readonly status: number;
  /** Who was asked, and for which tenant. */
  readonly asked: { readonly url: string; readonly tenantId: string };

  constructor(message: string, status: number, asked: ForeignAnswer["asked"]) {
    super(message);
    this.status = status;
    this.asked = asked;
  }
}

/** The service has answered with something that this version cannot read. */
export class UnreadableAnswer extends ClientFailure {}

/**
 * The sentence of whatever was thrown; with Node's code when its own sentence says nothing ("fetch failed").
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
