-- Puts an edited approval in the place of a pending one, if that one and its hitl:request still are what the caller has read.
-- KEYS[1]  HASH    the approval that is replaced (see open.lua)
-- KEYS[2]  STRING  its hitl:request
-- KEYS[3]  ZSET    all pending approvals
-- KEYS[4]  ZSET    runs that are due
-- KEYS[5]  ZSET    settled approvals that Main Service may still decide otherwise
-- then of the edited one, as in open.lua:
-- KEYS[6]  HASH    the approval
-- KEYS[7]  LIST    ids of the thread's unfinished approvals
-- KEYS[8]  SET     ids of all of the thread's approvals
-- KEYS[9]  ZSET    the owner's pending approvals
-- KEYS[10] STRING  hitl:request
-- KEYS[11] STRING  hitl:session
-- ARGV[1]  id of the approval that is replaced
-- ARGV[2]  JSON of the decision that it is superseded
-- ARGV[3]  when, and when the run becomes due, Unix ms
-- ARGV[4]  what its hitl:request must be, ARGV[5] what it held, ARGV[6] what it becomes (see settle.lua)
-- then of the edited one, as in open.lua:
-- ARGV[7]  request id
-- ARGV[8]  thread id
-- ARGV[9]  JSON of the record
-- ARGV[10] JSON of hitl:request
-- ARGV[11] lifetime of hitl:request, ms
-- ARGV[12] lifetime of hitl:session, ms
-- ARGV[13] the run's name among the runs that are due
-- ARGV[14] the approval's name among the pending ones
-- Returns 1 when done. Nothing was changed: 0 when something was not as read, -1 when the record lacks fields.
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
