import { HITL_PREFIXES } from "@aura-platform/contract/hitl.ts";

/**
 * The keys of approvals that Aura shares with Main Service (docs/contract.md, section 4): in Redis, or on the
 * embedded bus in its place. An id is always the last part, unescaped: whatever characters it holds, two ids
 * never share a name.
 */

/** JSON of the approval request; Main Service rewrites it when a person decides, and we when we settle it. */
export const hitlRequestKey = (requestId: string) => `${HITL_PREFIXES.request}${requestId}`;
/** The bare id of the session's last approval request. */
export const hitlSessionKey = (sessionId: string) => `${HITL_PREFIXES.session}${sessionId}`;
/** JSON of the session's last signal, kept by Main Service. */
export const hitlSignalKey = (sessionId: string) => `${HITL_PREFIXES.signal}${sessionId}`;
/** The id of the request that the AgentTask waits for. */
export const hitlTaskKey = (taskId: string) => `${HITL_PREFIXES.task}${taskId}`;
