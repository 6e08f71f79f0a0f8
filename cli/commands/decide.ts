import type { Decision } from "@aura-platform/client/api.ts";
import { ServiceFailure } from "@aura-platform/client/failures.ts";
import { DEFAULT_URL } from "../connection.ts";
import { type Attempt, decide, standingText } from "../decide.ts";
import { explain } from "../explain.ts";
import { CommandFailure } from "../failure.ts";
import { CALL, isGateway } from "../how-to-decide.ts";
import type { Session } from "../session.ts";

/** Exit codes of `approve`, `reject` and `edit`, beside those of every command. */
export const STANDS_OTHERWISE = 4;
export const NOT_FOUND = 5;

/** `approve`: lets the call run, once, exactly as it was shown. */
export function approve(session: Session, requestId: string): Promise<void> {
  return decideAndTell(session, requestId, { verdict: "approve" });
}

/** `reject`: the call does not run; whoever asked for it, and the model, read the reason. */
export function reject(
  session: Session,
  requestId: string,
  options: { reason?: string | undefined },
): Promise<void> {
  return decideAndTell(session, requestId, { verdict: "reject", reason: options.reason });
}

async function decideAndTell(session: Session, requestId: string, decision: Decision): Promise<void> {
  const { api, connection } = session;
  const attempt = await decide(api, connection.userId, requestId, decision).catch((error: unknown) => {
    if (error instanceof ServiceFailure && error.status === 404) throw notFound(session, requestId, error);
    throw error;
  });
  if (!attempt.same) throw new CommandFailure(otherwise(requestId, attempt), STANDS_OTHERWISE);
  const { decided, standing } = attempt;
  session.print({ ...standing, decided }, () => done(requestId, attempt));
}

function done(requestId: string, { decided, standing }: Attempt): string {
  if (standing === null) return requestId;
  const said = decided
    ? `${requestId} is ${standingText({ ...standing, approvedBy: null, rejectedBy: null }, "en")}`
    : `${requestId} was decided before, in the same way: ${standingText(standing, "en")}`;
  return `${said}; what comes of it: ${CALL} audit ${standing.sessionId}`;
}

function otherwise(requestId: string, { standing }: Attempt): string {
  if (standing === null) return `${requestId} was decided already; Main Service does not say how`;
  return `${requestId} stands as it is, and your decision changes nothing: ${standingText(standing, "en")}`;
}

function notFound({ connection }: Session, requestId: string, error: ServiceFailure): CommandFailure {
  const advice = isGateway(connection.url)
    ? `there is no approval ${requestId}`
    : `only the Gateway leads to approvals, e.g. --url ${DEFAULT_URL}`;
  return new CommandFailure(`${explain(error).message} - ${advice}`, NOT_FOUND, error);
}
