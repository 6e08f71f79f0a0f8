import {
  ClientFailure,
  ConnectionFailure,
  type ConnectionFault,
  ForeignAnswer,
  ServiceFailure,
} from "@aura-platform/client/failures.ts";
import { TOKEN_ADVICE } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { isGateway } from "./how-to-decide.ts";
import { harmlessLine } from "./text.ts";

const ASK_DIRECTLY = "a service can be asked directly, e.g. --url http://127.0.0.1:9000";

/** What to do about it, behind the failure's own sentence. */
const CONNECTION_ADVICE: Readonly<Record<ConnectionFault, string>> = Object.freeze({
  unreachable: "; is it running, and is AURA_URL right?",
  unanswered: "; is it running, and is AURA_URL right?",
  broken: "",
  lost: "; what runs goes on: see the commands show and run",
});

/**
 * What has been thrown, as what ends a command: one harmless line with advice, and the exit code (3: no
 * connection, 1: all else that a call to the service fails with). Null: it is neither a command's failure nor
 * a call's.
 */
export function commandFailure(error: unknown): CommandFailure | null {
  if (error instanceof CommandFailure) return error;
  return error instanceof ClientFailure ? explain(error) : null;
}

/** The same of a call's failure. */
export function explain(failure: ClientFailure): CommandFailure {
  const exitCode = failure instanceof ConnectionFailure ? 3 : 1;
  return new CommandFailure(harmlessLine(sentenceOf(failure)), exitCode, failure);
}

function sentenceOf(failure: ClientFailure): string {
  const { message } = failure;
  if (failure instanceof ConnectionFailure) return `${message}${CONNECTION_ADVICE[failure.code]}`;
  if (failure instanceof ServiceFailure) return `${message}${serviceAdvice(failure)}`;
  if (failure instanceof ForeignAnswer) return tenantRefusal(failure) ?? `${message}: is AURA_URL right?`;
  return message;
}

function serviceAdvice({ status, errorCode }: ServiceFailure): string {
  if (status === 401) return ` - a new token: ${TOKEN_ADVICE}`;
  if (errorCode === "E4000" && status === 413) return ` - the Gateway takes 256 KB; ${ASK_DIRECTLY}`;
  return "";
}

/** The Gateway lets numbered tenants through, and says of others no more than 400, without an envelope. */
function tenantRefusal({ status, asked: { url, tenantId } }: ForeignAnswer): string | null {
  if (status !== 400 || !isGateway(url) || /^\d+$/.test(tenantId)) return null;
  return `HTTP 400: the Gateway takes tenants that are numbers, and the token's is ${JSON.stringify(tenantId)}; ${ASK_DIRECTLY}`;
}
