-- Settles all pending approvals of a thread, if the thread's approvals still are what the caller has read.
-- KEYS[1] unfinished  LIST  ids of the thread's unfinished approvals
-- KEYS[2] pending     ZSET  all pending approvals
-- KEYS[3] settled     ZSET  settled approvals that Main Service may still decide otherwise
-- KEYS[4], ... approvals, two each:
--   approval  HASH    a pending one (see open.lua)
--   request   STRING  its hitl:request
-- ARGV[1] decision         its JSON
-- ARGV[2] decidedAt        Unix ms
-- ARGV[3] unfinishedCount
-- ARGV[4], ... unfinished  the ids that must be there, in order
-- then approvals, four each:
--   requestId
--   requestIs      what its hitl:request must be for this to go on, held and becomes (see settle.lua)
--   requestBefore
--   requestAfter
-- Returns 1 when done. Nothing was changed: 0 when something was not as read, -1 when a record lacks fields.
local count = tonumber(ARGV[3])
local ids = redis.call('LRANGE', KEYS[1], 0, -1)
if #ids ~= count then return 0 end
for n = 1, count do
  if ids[n] ~= ARGV[n + 3] then return 0 end
end
local pending = {}
for n = 1, (#KEYS - 3) / 2 do
  local a = count + n * 4
  local approval = redis.call('HMGET', KEYS[n * 2 + 2], 'status', 'owner', 'member')
  if approval[1] ~= 'pending' then return 0 end
  if not (approval[2] and approval[3]) then return -1 end
  if redis.call('GET', KEYS[n * 2 + 3]) ~= (ARGV[a + 1] == 'same' and ARGV[a + 2]) then return 0 end
  pending[n] = approval
end
for n, approval in ipairs(pending) do
  local a = count + n * 4
  redis.call('HSET', KEYS[n * 2 + 2], 'status', 'superseded', 'decision', ARGV[1])
  redis.call('ZREM', KEYS[2], approval[3])
  redis.call('ZREM', approval[2], approval[3])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[a])
  if ARGV[a + 3] ~= '' then redis.call('SET', KEYS[n * 2 + 3], ARGV[a + 3], 'KEEPTTL') end
end
return 1
