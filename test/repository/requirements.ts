/**
 * What docs/contract.md asks of this service, numbered by its sections. Every test that holds one cites its
 * number in its title, as [R3.1]; test/repository/requirements.test.ts fails for a number that no test cites.
 */
export const REQUIREMENTS = Object.freeze({
  "R1.1": "the Gateway routes /api/aura/hitl/** to Main Service and /api/aura/** to Aura, without /api",
  "R2.1": "a token is HS256 with the shared secret; any other algorithm or signature is E2003",
  "R2.2": "an expired token is E2002; 5 seconds of clock skew are tolerated",
  "R2.3": "a token without sub, tenant_id or a numeric exp is E2003",
  "R2.4": "no Authorization, or not Bearer, is E2000",
  "R2.5": "X-Tenant-ID is required (400 E2006) and equals the token's tenant_id (403 E2007)",
  "R2.6": "X-User-ID, when sent, equals sub (403 E2001)",
  "R2.7": "X-DWP-Source and X-DWP-Caller-Type are logged, with a trace id; tokens and mail bodies never are",
  "R3.1": "POST and GET /aura/test/stream answer with SSE and the contract's response headers",
  "R3.2": "each event is one event line and one single-line data line whose JSON repeats the type",
  "R3.3": "the five event types carry the contract's fields; timestamps are Unix seconds",
  "R3.4": "after hitl the agent stops and waits for the signal from Redis, on the same open stream",
  "R3.5": "plan_step is an AgentStep that moves pending, in_progress, completed or failed",
  "R4.1": "the request and the session are in Redis with 30 and 60 minutes to live, before hitl is sent",
  "R4.2": "GET /api/aura/hitl/requests/{requestId} returns the pending request",
  "R4.3": "an approval on hitl:channel:{sessionId} resumes the thread and the tool runs",
  "R4.4": "a rejection stops the tool; the model and the user are told the reason",
  "R4.5": "GET /api/aura/hitl/signals/{sessionId} returns the kept copy of the signal",
  "R5.1": "every JSON response is the DWP envelope",
  "R5.2": "bad input gets the contract's code and status, and starts no run",
  "R5.3": "an unknown route is 404 E1004, a wrong method on a known one 405 E1002",
  "R5.4": "a thing of another user or tenant is 404 E1004",
  "R5.5": "a busy thread is 409 E3001",
  "R5.6": "model failures are E5000 and E5001 in an error event, with which the stream ends",
  "R5.7": "Redis unreachable or shutting down is 503 E5002; /ready says so",
  "R5.8": "internal errors carry no internals",
  "R5.9":
    "every run is an AgentTask at Main Service: created, started, told of with its plan steps, completed or failed; what waits is linked to it",
  "R5.10":
    "calls to Main Service carry a token of Aura's own for the user, the tenant, X-DWP-Source AURA, X-DWP-Caller-Type AGENT and the trace id",
  "R6.1": "dwp:events:all, :mail and :approval are heard; flat and nested messages are both understood",
  "R6.2": "one event is indexed once, whatever channels it came on and however many instances heard it",
  "R6.3": "an event that is garbage, too large or lacks ids is refused, and logged without its content",
  "R6.4": "POST /aura/events takes events of its tenant from a service, INTERNAL or BATCH, on the same path",
  "R6.5":
    "an event updates the vector index: its tenant's agent finds it and cites it, and nobody else's does",
  "R7.1": "JWT_SECRET is required; the environment's defaults are the contract's",
  "R8.1": "every write carries an id, heartbeats included, and no event is split over two writes",
  "R8.2":
    "content events are deltas; [DONE] ends the stream of a run that has not failed; an error event carries data.message",
  "R8.3": "the same body with Last-Event-ID follows the run and never starts another",
  "R8.4": "X-Agent-ID is the session when the body names none",
  "R8.5": "hitl:request has the fields Main Service reads; hitl:session is the bare requestId",
  "R8.6": "what hitl:request says wins over the signal",
  "R8.7": "a second decision is 409 and changes nothing",
  "R8.8": "a disconnect does not stop the run",
  "R8.10": "approve and reject require JWT tenant_id == X-Tenant-ID and sub == X-User-ID",
  "R8.11": "Main Service's HITL controller takes the tenant as a whole number",
  "R8.12": "approve and reject check the stored tenant (mismatch: 403 E2007)",
  "R8.13":
    "a decision rewrites the request (who, when in ms, a fresh 30 min TTL), then sets the signal, then publishes; a rejection's default reason is User rejected",
  "R8.14":
    "a second decision is 409 with the success envelope and the decision that stands; nothing is published",
  "R8.15": "no signal yet: 200, message, no data",
  "R8.16": "only approved and rejected count as decided: any other status is approved with 200",
  "R8.17": "inputData and planSteps are strings: an object there is answered 500 and nothing is recorded",
  "R8.18": "PATCH progress ignores planSteps and sets description to null when it is absent",
  "R8.19": "the list of tasks requires userId and tenantId",
  "R8.24": "task ids are plain UUIDs",
  "R8.26":
    "a Main Service as strict as the real one records every step of a run: status, progress, description, and the plan steps in the finished task",
  "R8.9": "heartbeats keep a waiting stream open through the Gateway's idle timeout",
  "R8.28": "frames are ASCII, so that the Gateway's decoding of each buffer by itself damages nothing",
  "R8.20":
    "the Gateway refuses a request without X-Tenant-ID (400, empty body) and sets X-DWP-Source, X-DWP-Caller-Type and X-Correlation-ID when missing",
  "R8.21": "the Gateway takes 256 KB and lets http://localhost:4200 in",
  "R8.22": "behind /api/aura/ an X-Tenant-ID that is no number becomes the token's, or is refused (400)",
  "R8.23": "the Gateway puts an id before a chunk that has none, and decodes every buffer by itself",
  "R8.27": "Korean survives buffers that are cut at every byte",
  "R8.25":
    "what DWP's web client calls beside Aura is answered: login, me, permissions, menus/tree, policy, idp, monitoring, health",
  "R8.29":
    "heartbeats are no messages to any client, and nothing but heartbeats is a position to come back to",
  "R8.30":
    "beside the contract's names events have those that DWP's web client reads, and the contract's fields keep their values",
} as const);
