-- Puts an edited approval in the place of a pending one, if that one and its hitl:request still are what the
-- caller has read.
-- KEYS[1] replaced         HASH    the approval that is replaced (see open.lua)
-- KEYS[2] replacedRequest  STRING  its hitl:request
-- KEYS[3] pending          ZSET    all pending approvals
-- KEYS[4] due              ZSET    runs that are due
-- KEYS[5] settled          ZSET    settled approvals that Main Service may still decide otherwise
-- The edited one's (see open.lua):
-- KEYS[6] approval         HASH
-- KEYS[7] unfinished       LIST    ids of the thread's unfinished approvals
-- KEYS[8] approvals        SET     ids of all of the thread's approvals
-- KEYS[9] pendingOf        ZSET    the owner's pending approvals
-- KEYS[10] request         STRING  hitl:request
-- KEYS[11] session         STRING  hitl:session
-- ARGV[1] replacedId       of the approval that is replaced
-- ARGV[2] decision         JSON: that it is superseded
-- ARGV[3] decidedAt        when, and when the run becomes due, Unix ms
-- ARGV[4] requestIs        what its hitl:request must be for this to go on, held and becomes (see settle.lua)
-- ARGV[5] requestBefore
-- ARGV[6] requestAfter
-- The edited one's (see open.lua):
-- ARGV[7] requestId
-- ARGV[8] threadId
-- ARGV[9] record           its JSON
-- ARGV[10] requestJson     what hitl:request holds
-- ARGV[11] requestTtlMs    lifetime of hitl:request
-- ARGV[12] sessionTtlMs    lifetime of hitl:session
-- ARGV[13] runId           becomes due with a decision
-- ARGV[14] member          the approval's name among the pending ones
-- Returns 1 when done. Nothing was changed: 0 when something was not as read, -1 when the record lacks
-- fields.
local old = redis.call('HMGET', KEYS[1], 'status', 'due', 'owner', 'member')
if old[1] ~= 'pending' or redis.call('EXISTS', KEYS[6]) == 1 then return 0 end
if not (old[2] and old[3] and old[4]) then return -1 end
if redis.call('GET', KEYS[2]) ~= (ARGV[4] == 'same' and ARGV[5]) then return 0 end

if ARGV[6] ~= '' then redis.call('SET', KEYS[2], ARGV[6], 'KEEPTTL') end
redis.call('HSET', KEYS[1], 'status', 'superseded', 'decision', ARGV[2])
redis.call('ZREM', KEYS[3], old[4])
redis.call('ZREM', old[3], old[4])
redis.call('ZADD', KEYS[5], ARGV[3], ARGV[1])
-- The graph has nothing to take in of it: it goes on waiting, for the edited one.
redis.call('LREM', KEYS[7], 0, ARGV[1])

redis.call('HSET', KEYS[6], 'record', ARGV[9], 'status', 'pending',
  'thread', ARGV[8], 'due', ARGV[13], 'owner', KEYS[9], 'member', ARGV[14])
redis.call('RPUSH', KEYS[7], ARGV[7])
redis.call('SADD', KEYS[8], ARGV[7])
redis.call('ZADD', KEYS[9], 0, ARGV[14])
redis.call('ZADD', KEYS[3], 0, ARGV[14])
redis.call('SET', KEYS[10], ARGV[10], 'PX', ARGV[11])
redis.call('SET', KEYS[11], ARGV[7], 'PX', ARGV[12])

-- Never the time that it was due at: whoever is about to say `not due` has to notice (see settle.lua).
local at = tonumber(ARGV[3])
local before = redis.call('ZSCORE', KEYS[4], old[2])
if before and tonumber(before) == at then at = at + 1 end
redis.call('ZADD', KEYS[4], at, old[2])
return 1
