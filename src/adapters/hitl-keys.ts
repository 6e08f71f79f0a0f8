/**
 * The keys and channels of approvals that Aura shares with Main Service (docs/contract.md, section 4): in
 * Redis, or on the embedded bus in its place. An id is always the last part, unescaped: whatever characters
 * it holds, two ids never share a name.
 */

/** The request's key without its id: a thread's deletion finds the ids only inside Redis. */
export const HITL_REQUEST_KEY_PREFIX = "hitl:request:";
/** JSON of the approval request; Main Service rewrites it when a person decides, and we when we settle it. */
export const hitlRequestKey = (requestId: string) => `${HITL_REQUEST_KEY_PREFIX}${requestId}`;
/** The bare id of the session's last approval request. */
export const hitlSessionKey = (sessionId: string) => `hitl:session:${sessionId}`;
/** JSON of the session's last signal, kept by Main Service. */
export const hitlSignalKey = (sessionId: string) => `hitl:signal:${sessionId}`;
/** The id of the request that the AgentTask waits for. */
export const hitlTaskKey = (taskId: string) => `hitl:task:${taskId}`;
/** Prefix of the channels on which Main Service publishes decisions; the session id follows. */
export const HITL_CHANNEL_PREFIX = "hitl:channel:";
