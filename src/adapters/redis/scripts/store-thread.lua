-- Stores a whole thread, all or nothing.
-- KEYS[1] thread         HASH  see begin.lua
-- KEYS[2] runIds         LIST  ids of its runs
-- KEYS[3] approvalIds    SET   ids of its approvals
-- KEYS[4] effects        HASH  see begin-effect.lua
-- KEYS[5] threadsOf      ZSET  the owner's threads
-- KEYS[6] due            ZSET  runs that are due
-- KEYS[7], ... runs, two each:
--   run  HASH
--   log  STREAM  its events (see append.lua)
-- then approvals  HASHes (see open.lua)
-- ARGV[1] ttlMs          lifetime
-- ARGV[2] runCount
-- ARGV[3] approvalCount
-- ARGV[4] threadId
-- ARGV[5] owner          as text
-- ARGV[6] threadRecord   its JSON
-- ARGV[7] updatedAt      Unix ms
-- ARGV[8] dueAt          when open runs become due, Unix ms
-- ARGV[9], ... runs      id, JSON, status, updatedAt, attempt, '1' when its log is closed else '',
--   number of events, and per event seq, JSON
-- then approvals, three each:
--   requestId
--   record   its JSON
--   status
-- then effects, two each:
--   name
--   effect  its JSON
-- Returns 1 when stored; 0, and nothing changed, when the thread, a run or an approval exists.
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end
local ttl, runs, approvals = take(), tonumber(take()), tonumber(take())
for n = 1, #KEYS do
  if (n == 1 or n > 6) and redis.call('EXISTS', KEYS[n]) == 1 then return 0 end
end
local thread, owner, record, updated, due = take(), take(), take(), take(), take()
local current
for n = 1, runs do
  local key, events = KEYS[5 + n * 2], KEYS[6 + n * 2]
  local id, json, status, changed, attempt, closed = take(), take(), take(), take(), take(), take()
  redis.call('HSET', key, 'record', json, 'threadId', thread, 'status', status, 'updatedAt', changed,
    'attempt', attempt, 'index', KEYS[5])
  redis.call('RPUSH', KEYS[2], id)
  local last = '0'
  for _ = 1, tonumber(take()) do
    last = take()
    redis.call('XADD', events, last .. '-0', 'v1', take())
  end
  if closed == '1' then redis.call('XADD', events, last .. '-1', 'end', '1') else redis.call('ZADD', KEYS[6], due, id) end
  redis.call('PEXPIRE', key, ttl)
  redis.call('PEXPIRE', events, ttl)
  current = id
end
for n = 1, approvals do
  local key, id = KEYS[6 + runs * 2 + n], take()
  redis.call('HSET', key, 'record', take(), 'status', take(), 'thread', thread)
  redis.call('SADD', KEYS[3], id)
  redis.call('PEXPIRE', key, ttl)
end
while at < #ARGV do redis.call('HSET', KEYS[4], take(), take()) end
redis.call('HSET', KEYS[1], 'record', record, 'owner', owner, 'updatedAt', updated, 'currentRunId', current)
redis.call('ZADD', KEYS[5], updated, thread)
for n = 1, 5 do redis.call('PEXPIRE', KEYS[n], ttl) end
return 1
